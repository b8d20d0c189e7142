"""The subscriptions of one socket, and whose turn it is to be written."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

import psycopg
from django.db import Error as DatabaseError

from executions.runs.live.frames import write_error
from spaces.errors import DomainError, Invalid, NotFound, NotPermitted
from spaces.identity import ReadClaim
from spaces.keys import Unauthenticated

MAX_SUBSCRIPTIONS = 1000  # of one socket

FAILURES = (DomainError, psycopg.Error, DatabaseError)


class Refused(Exception):
    """A frame is understood and not followed; `code` is one of `frames.ERROR_CODES`."""

    def __init__(self, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


class Subscription(Protocol):
    """One `sub`. Both methods return frames to send, in order, and raise a DomainError where access ends."""

    @property
    def is_over(self) -> bool: ...

    async def begin(self) -> list[str]:
        """Watch first, then ask where it stands: nothing can happen in between unseen."""
        ...

    async def step(self) -> list[str]:
        """What is new, at most one batch; an empty list where nothing is."""
        ...

    def claims(self) -> list[ReadClaim]: ...

    def close(self) -> None: ...


class Roster:
    """Names and subscriptions, for two tasks: the socket's reader adds and removes, its writer calls `write`.

    `send` sends one frame; `send_now` does so without waiting, or does nothing and says False. `add` and
    `write` raise Unauthenticated where the socket's credentials turn out to be over.
    """

    def __init__(
        self, send: Callable[[str], Awaitable[None]], send_now: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._send = send
        self.send_now = send_now
        self._is_waiting = False  # the writer, for news: it is in the middle of nothing
        self._subscriptions: dict[str, Subscription] = {}
        self._starting: set[str] = set()  # those whose first frames are being sent
        self._ready: dict[str, None] = {}  # those that may have news, in the order in which they got it
        self._notices: deque[str] = deque()
        self._news = asyncio.Event()

    async def add(self, sub: str, make: Callable[[], Subscription]) -> None:
        """Begin what `make` makes under this name, or send why not."""
        if sub in self._subscriptions:
            raise Refused("conflict", "sub is already in use on this socket.", field="sub")
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            raise Refused("too_many", f"A socket has at most {MAX_SUBSCRIPTIONS} subscriptions.")
        subscription: Subscription | None = None
        try:
            subscription = make()
            frames = await subscription.begin()
        except BaseException as error:
            if subscription is not None:
                subscription.close()
            if isinstance(error, FAILURES):
                await self._report(sub, error)
                return
            raise
        self._subscriptions[sub] = subscription
        self._starting.add(sub)
        try:
            for text in frames:
                await self._send(text)
        finally:
            self._starting.discard(sub)
        # Its turn comes only now, after its first frames; what woke it before counts all the same.
        self._settle(sub, subscription)
        self.flag(sub)

    def remove(self, sub: str) -> bool:
        """End a subscription; False where there is none of that name."""
        subscription = self._subscriptions.pop(sub, None)
        self._ready.pop(sub, None)
        if subscription is not None:
            subscription.close()
        return subscription is not None

    def clear(self) -> None:
        for sub in list(self._subscriptions):
            self.remove(sub)

    def claims(self) -> list[ReadClaim]:
        return [claim for subscription in self._subscriptions.values() for claim in subscription.claims()]

    def turn_out(self, lost: Collection[ReadClaim]) -> None:
        """End the subscriptions that rest on one of these claims, and have that said."""
        for sub, subscription in list(self._subscriptions.items()):
            if not set(subscription.claims()).isdisjoint(lost):
                self.remove(sub)
                self._notices.append(write_error(sub, "not_found", "Access has been revoked."))
        self._news.set()

    async def write(self) -> None:
        """Wait for news, then give everybody who has some a turn of one batch.

        So a long replay holds up nobody.
        """
        self._is_waiting = True
        await self._news.wait()
        self._is_waiting = False
        self._news.clear()
        while self._notices:
            await self._send(self._notices.popleft())
        while self._ready:
            sub = next(iter(self._ready))
            del self._ready[sub]
            await self._advance(sub)

    async def _advance(self, sub: str) -> None:
        subscription = self._subscriptions.get(sub)
        if subscription is None or sub in self._starting:
            return
        try:
            frames = await subscription.step()
        except FAILURES as error:
            self.remove(sub)
            await self._report(sub, error)
            return
        for text in frames:
            if self._subscriptions.get(sub) is not subscription:
                return
            await self._send(text)
        self._settle(sub, subscription)

    def is_idle(self, sub: str) -> bool:
        """Whether a subscription may send by itself: its first frames are out and the writer waits."""
        return self._is_waiting and sub in self._subscriptions and sub not in self._starting

    def flag(self, sub: str) -> None:
        """A subscription may have news: the writer gives it a turn."""
        self._ready[sub] = None
        self._news.set()

    def _settle(self, sub: str, subscription: Subscription) -> None:
        if subscription.is_over and self._subscriptions.get(sub) is subscription:
            self.remove(sub)

    async def _report(self, sub: str, error: Exception) -> None:
        if isinstance(error, Unauthenticated):
            raise error
        refused = refusal_of(error)
        await self._send(write_error(sub, refused.code, refused.detail, field=refused.field))


def refusal_of(error: Exception) -> Refused:
    """What a failure is to the client."""
    if isinstance(error, Invalid):
        return Refused("invalid", error.message, field=str(error.problems[0]["loc"][-1]))
    if isinstance(error, NotPermitted):
        return Refused("not_permitted", error.message)
    if isinstance(error, NotFound):
        return Refused("not_found", error.message)
    if isinstance(error, DomainError):
        return Refused("invalid", error.message)
    return Refused("unavailable", "The database is unavailable; try again.")
