"""Hearing wake-ups: PostgreSQL's LISTEN or Redis, connected again for ever."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

import psycopg
import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from executions.runs.wakeups import CHANNEL

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before connecting again, doubling while it fails
CONNECT_SECONDS = 5
ALIVE_SECONDS = 15.0  # a silent connection is asked whether it lives; a dead peer never says so by itself


async def listen(
    payloads: Callable[[], AsyncIterator[str | None]],
    *,
    on_connected: Callable[[], None],
    on_payload: Callable[[str], None],
) -> None:
    """Hand on every payload until cancelled.

    `on_connected` is called after each connect: what was sent before it is lost.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            async for payload in payloads():
                if payload is None:
                    pause = FIRST_PAUSE
                    on_connected()
                else:
                    on_payload(payload)
        except (psycopg.Error, RedisError, OSError) as error:
            logger.warning("Wake-ups not received, retrying in %.1f s: %s", pause, str(error).strip())
        except Exception:
            # A payload that is not ours, say: whatever it was, listening must go on.
            logger.exception("Wake-ups not received, retrying in %.1f s", pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def wakeups() -> AsyncIterator[str | None]:
    """The payloads of all wake-ups, however this deployment carries them."""
    return published(settings.REDIS_URL) if settings.REDIS_URL else notifications(settings.LISTEN_URL)


async def notifications(url: str) -> AsyncIterator[str | None]:
    """Payloads of NOTIFY on a connection of its own, None once it listens; ends or raises when it breaks."""
    connection = await psycopg.AsyncConnection.connect(
        url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="callboard listen"
    )
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield None
        while True:
            async for notification in connection.notifies(timeout=ALIVE_SECONDS):
                yield notification.payload
            await connection.execute("SELECT 1")


async def published(url: str) -> AsyncIterator[str | None]:
    """The same for Redis's pub/sub."""
    client = redis.asyncio.Redis.from_url(
        url, socket_connect_timeout=CONNECT_SECONDS, health_check_interval=ALIVE_SECONDS
    )
    async with contextlib.aclosing(client), client.pubsub(ignore_subscribe_messages=True) as subscription:
        await subscription.subscribe(CHANNEL)
        yield None
        while True:
            message = await subscription.get_message(timeout=ALIVE_SECONDS)
            if message is not None:
                yield message["data"].decode()
