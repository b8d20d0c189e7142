"""Sending to one client with bounded patience and bounded memory.

Decision: a client that does not read is waited for and, after a while, cut off; it resumes by its
last number, so nothing is lost. Most servers make `send` wait while their buffer is full. Daphne does
not: it takes everything into memory. Twisted underneath it knows when its buffer is full, so there we
look at that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from django.conf import settings

FIRST_POLL_SECONDS, POLL_SECONDS = (
    0.0005,
    0.05,
)  # between looks at a full buffer, doubling: most drain at once
PIECE_BYTES = 64 * 1024  # what a slow client must take within its patience: 2 kB a second are enough

type Send = Callable[[Any], Awaitable[None]]


class Gone(Exception):
    """The client is not there any more: it left, or the connection broke, while something was sent."""


class TooSlow(Gone):
    """The client has not read for too long; its connection is cut."""


def body_part(body: bytes) -> dict[str, Any]:
    """The message that sends a part of an HTTP body which goes on."""
    return {"type": "http.response.body", "body": body, "more_body": True}


class Outlet:
    """An ASGI `send` that waits until the server's buffer has room again, and gives up in the end."""

    __slots__ = ("_protocol", "_send")

    def __init__(self, send: Send) -> None:
        self._send = send
        # Daphne hands out `partial(server.handle_reply, protocol)`. Of other servers we need to know nothing.
        protocol = send.args[0] if isinstance(send, partial) and send.args else None
        self._protocol: Any = protocol if hasattr(protocol, "handle_reply") else None

    async def write(self, message: Mapping[str, Any]) -> None:
        """Send one message; raises Gone. TooSlow is one: the connection is then cut where we can reach it."""
        try:
            if self._protocol is not None:
                # Never waits: without a timer this costs a fifth less, and it is done for every event.
                await self._send(message)
            else:
                async with asyncio.timeout(settings.STREAM_STALL_SECONDS):
                    await self._send(message)
        except TimeoutError as stalled:
            raise TooSlow from stalled
        except (OSError, RuntimeError) as ended:
            # Uvicorn's and autobahn's words for a client that leaves while we write, as clients may.
            raise Gone(str(ended)) from ended
        if self._is_full():
            await self._drain()

    def write_now(self, message: Mapping[str, Any]) -> bool:
        """Send one message without giving up one's turn; False, and nothing sent, where only `write` can.

        Saves waking a task for each client, which costs as much as the sending itself.
        """
        if self._protocol is None or self._is_full():
            return False
        sending = self._send(message).__await__()
        try:
            next(sending)
        except StopIteration:
            return True
        except (OSError, RuntimeError):
            return False  # `write` fails alike, and is listened to
        raise TypeError("Daphne's send waits: it never did.")

    async def _drain(self) -> None:
        """Wait until Twisted's buffer has room: it tells only its one producer, and that is Daphne's."""
        pause = 0.0
        try:
            async with asyncio.timeout(settings.STREAM_STALL_SECONDS):
                while self._is_full():
                    await asyncio.sleep(pause)
                    pause = min(pause * 2 or FIRST_POLL_SECONDS, POLL_SECONDS)
        except TimeoutError as stalled:
            self.cut()
            raise TooSlow from stalled

    async def write_body(self, body: bytes) -> None:
        """Send a part of an HTTP body, in pieces, so that patience is measured against each of them."""
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES] if len(body) > PIECE_BYTES else body
            await self.write(body_part(piece))

    def cut(self) -> None:
        """Close the connection at once, without waiting for what the client has not read."""
        abort = getattr(self._transport(), "abortConnection", None)
        if abort is not None:
            abort()

    def _is_full(self) -> bool:
        # Set by Twisted while more than 64 KiB wait in the buffer of one connection.
        return getattr(self._transport(), "producerPaused", False) is True

    def _transport(self) -> Any:
        """Twisted's connection, None under another server or after the end."""
        owner = getattr(self._protocol, "channel", None) or self._protocol
        return getattr(owner, "transport", None)
