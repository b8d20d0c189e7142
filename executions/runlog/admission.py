"""Ends streams whose key, session or membership is over: asked again for all of them together."""

import asyncio
import logging
from collections.abc import Collection
from typing import Protocol

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from executions.runlog.threads import in_thread
from spaces.identity import Claim, Identity, holding, living

logger = logging.getLogger(__name__)


class Guest(Protocol):
    """An open connection, and what it was let in for."""

    @property
    def identity(self) -> Identity: ...

    def claims(self) -> Collection[Claim]: ...

    def turn_out(self, lost: Collection[Claim], *, is_over: bool) -> None:
        """Some of its claims hold no more; `is_over` says that the credentials themselves do not."""
        ...


class Doorkeeper:
    """The open connections of one event loop."""

    def __init__(self) -> None:
        self.guests: set[Guest] = set()

    async def check_for_ever(self) -> None:
        while True:
            await asyncio.sleep(settings.STREAM_RECHECK_SECONDS)
            try:
                await self.check()
            except DatabaseError as error:
                # Nobody is turned out because the database is away; the next round asks again.
                logger.warning("Open streams could not be checked: %s", str(error).strip())
            except Exception:
                # Whatever it was, the next round must come: without it nobody is ever turned out.
                logger.exception("Open streams could not be checked")

    async def check(self) -> None:
        """One round: a handful of queries, however many connections there are."""
        claims = {guest: set(guest.claims()) for guest in self.guests}
        if not claims:
            return
        now = timezone.now()
        alive = await in_thread(living, {guest.identity for guest in claims}, now=now)
        held = await in_thread(holding, set().union(*claims.values()), now=now)
        for guest, wanted in claims.items():
            lost, is_over = wanted - held, guest.identity not in alive
            if lost or is_over:
                guest.turn_out(lost, is_over=is_over)
