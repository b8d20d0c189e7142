"""`Prefer: wait=N` on the lookup: holds a 404 that may become a 200 until it does.

Decision: a wrapper around the documented route, which stays the one place that authenticates, finds
and represents. It is called, and where it says "not yet" it is called again when a wake-up or the
deadline comes. What waits in between is one flag: no thread, no database connection.
"""

import asyncio
import re
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from executions.runs.live.asgi_scope import Scope
from executions.runs.live.hub import running_hub
from executions.runs.live.reader import CallTopic

# Set by the lookup on a 404 that may become a 200, with who waits; never leaves this process.
NOT_YET = "X-Callboard-Not-Yet"
_NOT_YET = NOT_YET.lower().encode()
BY_TICKET = b"ticket "  # what it begins with where somebody waits by a ticket
LONGEST_SECONDS = 30
MOST_OF_ONE_CALLER = 600
MOST_OF_ONE_TICKET = 20
MOST = 2000  # of one process

_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d+)\"?\s*", re.IGNORECASE)

type Receive = Callable[[], Awaitable[Any]]
type Send = Callable[[Any], Awaitable[None]]
type Application = Callable[[Any, Receive, Send], Awaitable[None]]


class HeldLookups:
    """Wraps the ASGI application that has the lookup."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._waiters: Counter[bytes] = Counter()

    async def __call__(
        self, scope: Any, receive: Receive, send: Send, *, space_id: str, tool_call_id: str
    ) -> None:
        """Answer one lookup; one that prefers to wait is held for at most 30 seconds."""
        answer = await self._ask(scope)
        seconds = _wanted_seconds(scope) if answer.is_not_yet else None
        if seconds:
            call = CallTopic(uuid.UUID(space_id), tool_call_id)
            waiter = answer.waiter
            most = MOST_OF_ONE_TICKET if waiter.startswith(BY_TICKET) else MOST_OF_ONE_CALLER
            if self._waiters.total() < MOST and self._waiters[waiter] < most:
                self._waiters[waiter] += 1
                try:
                    answer = await self._hold(scope, receive, call, seconds)
                finally:
                    self._waiters[waiter] -= 1
                    if not self._waiters[waiter]:
                        del self._waiters[waiter]
                answer.applied_seconds = seconds
        await answer.send(send)

    async def _hold(self, scope: Scope, receive: Receive, call: CallTopic, seconds: int) -> "_HeldAnswer":
        deadline = time.monotonic() + seconds
        news = asyncio.Event()
        hub = await running_hub()
        leaving = asyncio.create_task(_left(receive, news))
        try:
            with hub.follow(call, news.set):
                # Asked again after the flag is up: what happened before it would wake nobody.
                while (answer := await self._ask(scope)).is_not_yet and not leaving.done():
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        break
                    await _wait(news, remaining)
        finally:
            leaving.cancel()
        return answer

    async def _ask(self, scope: Scope) -> "_HeldAnswer":
        """The application's own answer, whole."""
        answer = _HeldAnswer()
        await self._application(scope, _no_body, answer.take)
        return answer


@dataclass
class _HeldAnswer:
    """A response as the application sent it."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    waiter: bytes = b""  # whoever may wait for another answer, as the lookup counts them
    applied_seconds: int | None = None

    @property
    def is_not_yet(self) -> bool:
        return bool(self.waiter)

    async def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name.lower() != _NOT_YET]
            said = (value for name, value in message["headers"] if name.lower() == _NOT_YET)
            self.waiter = next(said, b"")
            message = {**message, "headers": headers}
        self.messages.append(message)

    async def send(self, send: Send) -> None:
        if self.applied_seconds is not None:
            applied = (b"preference-applied", f"wait={self.applied_seconds}".encode())
            self.messages[0]["headers"].append(applied)
        for message in self.messages:
            await send(message)


def _wanted_seconds(scope: Scope) -> int | None:
    """N of `Prefer: wait=N`, at most 30; None without it. The first one counts, as RFC 7240 has it."""
    for name, value in scope["headers"]:
        if name == b"prefer":
            for preference in value.decode("latin-1").split(","):
                if wanted := _WAIT.fullmatch(preference.partition(";")[0]):
                    return min(int(wanted[1][:9]), LONGEST_SECONDS)
    return None


async def _wait(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return
    news.clear()


async def _left(receive: Receive, news: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    news.set()


async def _no_body() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}
