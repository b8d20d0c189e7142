"""What a worker keeps open between requests: HTTP clients, so that no request waits for a handshake.

Decision: a client belongs to what authenticates its requests and guards its connections, and takes no
cookies. So nothing of one tenant's is there for another one's request, although connections outlive requests.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol, cast

import httpx2

MOST_CLIENTS = 128  # that are kept; more are open where more are in use
IDLE_SECONDS = 90.0  # until a client that nobody uses is closed
# Idle connections are closed a little before most servers and balancers close them, which is after a minute.
KEPT_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=55.0)


class Closable(Protocol):
    """What can be kept."""

    async def aclose(self) -> None:
        """Close all of its connections."""


@dataclass(eq=False)
class _Kept:
    thing: Closable
    owner: Hashable | None
    users: int = 0
    closes: asyncio.TimerHandle | None = None


class KeptClients:
    """Those of one event loop; to be closed in it."""

    def __init__(self, most: int = MOST_CLIENTS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()  # the one that was used last at the end
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._kept)

    @asynccontextmanager
    async def lent[Thing: Closable](
        self, key: Hashable, make: Callable[[], Thing], *, owner: Hashable | None = None
    ) -> AsyncIterator[Thing]:
        """What is kept under `key`, or made now and kept; it is not closed while it is lent.

        An `owner` has one key: what is kept under its former one is closed once nobody uses it.
        """
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Kept(make(), owner)
            if owner is not None:
                self._drop_former(owner, key)
        self._kept.move_to_end(key)
        kept.users += 1
        if kept.closes is not None:
            kept.closes.cancel()
            kept.closes = None
        try:
            yield cast(Thing, kept.thing)
        finally:
            kept.users -= 1
            if not kept.users:
                self._rest(key, kept)

    async def aclose(self) -> None:
        """Close everything, also what is lent."""
        for key in list(self._kept):
            self._drop(key)
        while self._closing:
            await asyncio.wait(self._closing)

    def _rest(self, key: Hashable, kept: _Kept) -> None:
        if self._kept.get(key) is not kept:
            self._close(kept)
            return
        kept.closes = asyncio.get_running_loop().call_later(self._idle_seconds, self._drop, key)
        idle = [each for each, one in self._kept.items() if not one.users]
        for each in idle[: max(len(self._kept) - self._most, 0)]:
            self._drop(each)

    def _drop_former(self, owner: Hashable, key: Hashable) -> None:
        for each in [each for each, one in self._kept.items() if one.owner == owner and each != key]:
            if self._kept[each].users:
                del self._kept[each]  # closed by its last user
            else:
                self._drop(each)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key)
        if kept.closes is not None:
            kept.closes.cancel()
        self._close(kept)

    def _close(self, kept: _Kept) -> None:
        closing = asyncio.ensure_future(kept.thing.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def kept_clients() -> KeptClients | None:
    """Those of whoever runs this; None where each request has a client of its own."""
    return _of_worker.get()


async def keeping_clients[Answer](work: Coroutine[Any, Any, Answer]) -> Answer:
    """What `work` gives, for which clients are kept until its end, and for all tasks that it begins."""
    kept = KeptClients()
    token = _of_worker.set(kept)
    try:
        return await work
    finally:
        _of_worker.reset(token)
        await kept.aclose()


def no_cookies() -> CookieJar:
    """A jar that nothing can be put into."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


async def sent[Answer](request: httpx2.Request, send: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `send` gives, again where the connection was a kept one that its server has just closed.

    A server may close an idle connection at the very moment that it is used. What breaks a connection that
    was made for this request is raised. Only for requests that may be repeated.
    """
    while True:
        is_new = False

        async def note(event: str, _: object) -> None:
            nonlocal is_new
            is_new = is_new or "connect_tcp" in event

        request.extensions = {**request.extensions, "trace": note}
        try:
            return await send()
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            if is_new:
                raise


_of_worker: ContextVar[KeptClients | None] = ContextVar("kept_clients", default=None)
