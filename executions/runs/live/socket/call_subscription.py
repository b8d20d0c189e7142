"""A `sub` that waits for a tool call's run, then follows it."""

import contextlib
from typing import Any

from django.utils import timezone

from executions.runs.live import registry
from executions.runs.live.authorisation import CallAsk, CallReach, RunAsk, find_call, reach_of_call
from executions.runs.live.frames import write
from executions.runs.live.reader import CallTopic
from executions.runs.live.socket.log_subscription import SocketContext
from executions.runs.live.socket.run_subscription import RunSubscription
from executions.runs.live.threads import in_thread
from spaces.identity import ReadClaim


class CallSubscription:
    """Waits until a tool call has a run, then follows that run.

    It stays with the run it found: a retry that takes that run's place later is found by subscribing again.
    """

    def __init__(self, desk: SocketContext, sub: str, ask: CallAsk, *, after: int | None) -> None:
        self._desk, self._sub, self._ask, self._after = desk, sub, ask, after
        self._is_over = False
        self._waiting = contextlib.ExitStack()
        self._reach = CallReach([], ask.thread_id)
        self._run: RunSubscription | None = None

    @property
    def is_over(self) -> bool:
        return self._is_over or (self._run is not None and self._run.is_over)

    async def begin(self) -> list[str]:
        identity, ask = self._desk.identity, self._ask
        self._reach = await in_thread(reach_of_call, identity, ask, now=timezone.now())
        for space_id in self._reach.spaces:
            self._waiting.enter_context(
                self._desk.hub.follow(CallTopic(space_id, ask.tool_call_id), self._flag)
            )
        names: dict[str, Any] = {"tool_call_id": ask.tool_call_id}
        if ask.thread_id is not None:
            names["thread_id"] = ask.thread_id
        subscribed = write({"type": "subscribed", "sub": self._sub, **names})
        found = await self._look()
        if self._run is None:
            found = [write({"type": "waiting", "sub": self._sub, "tool_call_id": ask.tool_call_id})]
        return [subscribed, *found]

    async def step(self) -> list[str]:
        if self.is_over:
            return []
        return await (self._look() if self._run is None else self._run.step())

    def claims(self) -> list[ReadClaim]:
        if self._run is not None:
            return self._run.claims()
        permission = registry.run_stream(registry.calls().kind).permission
        return [ReadClaim(self._desk.identity, space_id, permission) for space_id in self._reach.spaces]

    def close(self) -> None:
        self._is_over = True
        self._waiting.close()
        if self._run is not None:
            self._run.close()

    def _flag(self) -> None:
        self._desk.roster.flag(self._sub)

    async def _look(self) -> list[str]:
        found = await in_thread(find_call, self._reach, self._ask.tool_call_id)
        if found is None or self._is_over:
            return []
        self._waiting.close()
        # A number belongs to one run. After a retry it would point into another log: begin with its snapshot.
        after = None if found.is_retry and self._after else self._after
        ask = RunAsk(registry.run_stream(registry.calls().kind), found.run_id, found.space_id)
        self._run = RunSubscription(self._desk, self._sub, ask, after=after, announce=False)
        return await self._run.begin()
