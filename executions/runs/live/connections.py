"""Who may keep a connection open: so many for each caller, and only while their access holds."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Collection
from typing import Protocol

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from executions.runs.live.threads import in_thread
from spaces.errors import TooMany
from spaces.identity import Credentials, ReadClaim, holding, living

logger = logging.getLogger(__name__)


class OpenConnection(Protocol):
    """An open connection, and what it was let in for."""

    @property
    def identity(self) -> Credentials: ...

    def claims(self) -> Collection[ReadClaim]: ...

    def turn_out(self, lost: Collection[ReadClaim], *, is_over: bool) -> None:
        """Some of its claims hold no more; `is_over` says that the credentials themselves do not."""
        ...


class ConnectionRegistry:
    """The open connections of one event loop.

    Credentials are asked for again every few seconds, for all connections together; streams whose key,
    session or membership is over end.
    """

    def __init__(self) -> None:
        self._guests: set[OpenConnection] = set()
        self._counts: Counter[uuid.UUID] = Counter()

    def admit(self, guest: OpenConnection) -> None:
        """Let a connection in, until it is dismissed; raises TooMany where its caller has enough."""
        for owner, most in _owners(guest):
            if self._counts[owner] >= most:
                raise TooMany(f"This caller already has {most} open streams and sockets.")
        self._guests.add(guest)
        for owner, _ in _owners(guest):
            self._counts[owner] += 1

    def dismiss(self, guest: OpenConnection) -> None:
        """To be called when its connection is over; one that was never let in is nobody's."""
        if guest not in self._guests:
            return
        self._guests.discard(guest)
        for owner, _ in _owners(guest):
            self._counts[owner] -= 1
            if not self._counts[owner]:
                del self._counts[owner]

    async def check_for_ever(self) -> None:
        while True:
            await asyncio.sleep(settings.STREAM_RECHECK_SECONDS)
            try:
                await self.check()
            except DatabaseError as error:
                # Nobody is turned out because the database is away; the next round asks again.
                logger.warning("Access of open streams could not be re-checked: %s", str(error).strip())
            except Exception:
                # Whatever it was, the next round must come: without it nobody is ever turned out.
                logger.exception("Access of open streams could not be re-checked")

    async def check(self) -> None:
        """One round: a handful of queries, however many connections there are."""
        claims = {guest: set(guest.claims()) for guest in self._guests}
        if not claims:
            return
        now = timezone.now()
        alive = await in_thread(living, {guest.identity for guest in claims}, now=now)
        held = await in_thread(holding, set().union(*claims.values()), now=now)
        for guest, wanted in claims.items():
            lost, is_over = wanted - held, guest.identity not in alive
            if lost or is_over:
                guest.turn_out(lost, is_over=is_over)


def _owners(guest: OpenConnection) -> list[tuple[uuid.UUID, int]]:
    """Who is counted, and how much they may have: a key or the person behind a session, and a ticket too."""
    identity = guest.identity
    owners = [(identity.api_key_id or identity.principal_id, settings.MAX_STREAMS)]
    if identity.scope is not None:
        owners.append((identity.scope.ticket_id, settings.MAX_STREAMS_OF_A_TICKET))
    return owners
