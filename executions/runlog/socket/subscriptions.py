"""What one `sub` on a websocket follows: a run, a space's feed, or a tool call until it is a run."""

import contextlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils import timezone

from executions.runlog import streams
from executions.runlog.feed import FeedPosition
from executions.runlog.frames import write, write_entry, write_snapshot
from executions.runlog.hub import Hub
from executions.runlog.opening import RunAsk, find_call, open_feed, open_run, reach_of_call
from executions.runlog.threads import in_thread
from executions.runlog.topics import Call, FeedLog, RunLog
from executions.runlog.watching import Follower
from spaces.errors import Invalid
from spaces.identity import Claim, Identity


@dataclass(frozen=True, slots=True)
class Desk:
    """What the subscriptions of one socket share."""

    hub: Hub
    identity: Identity
    base_url: str


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

    def claims(self) -> list[Claim]: ...

    def close(self) -> None: ...


class RunSubscription:
    """Follows one run to its end. `after` None begins with a snapshot, a number resumes behind that event."""

    def __init__(
        self,
        desk: Desk,
        sub: str,
        ask: RunAsk,
        *,
        after: int | None,
        wake: Callable[[], None],
        announce: bool = True,
    ) -> None:
        self.is_over = False
        self._desk, self._sub, self._ask, self._after = desk, sub, ask, after
        self._wake, self._announce = wake, announce
        self._open = contextlib.ExitStack()
        self._follower: Follower | None = None
        self._space_id: uuid.UUID | None = None
        self._at = 0
        named = {ask.stream.id_name: str(ask.run_id)}
        self._names = json.dumps(sub) + "," + json.dumps(named)[1:-1]

    async def begin(self) -> list[str]:
        self._follower = self._open.enter_context(self._desk.hub.follow(RunLog(self._ask.run_id), self._wake))
        with_snapshot = self._after is None
        opened = await in_thread(
            open_run,
            self._desk.identity,
            self._ask,
            base_url=self._desk.base_url,
            with_snapshot=with_snapshot,
            now=timezone.now(),
        )
        self._space_id = opened.space_id
        frames = []
        if self._announce:
            name = self._ask.stream.id_name
            frames.append(write({"type": "subscribed", "sub": self._sub, name: str(self._ask.run_id)}))
        if opened.snapshot is not None:
            frames.append(write_snapshot(self._sub, opened.snapshot, opened.seq))
        # A number that this run has not reached yet stands for its newest: else its end would never be told.
        self._at = opened.seq if self._after is None else min(self._after, opened.seq)
        if opened.has_ended and self._at >= opened.seq:
            frames.append(self._end())
        else:
            self._wake()
        return frames

    async def step(self) -> list[str]:
        if self.is_over or self._follower is None:
            return []
        batch = await self._follower.read(self._at)
        if batch is None or self.is_over:
            return []
        self._at = batch.end
        frames = [write_entry(self._names, frame) for frame in batch.frames]
        if batch.is_last:
            frames.append(self._end())
        elif self._follower.has_more(self._at):
            self._wake()
        return frames

    def claims(self) -> list[Claim]:
        if self._space_id is None:
            return []
        return [Claim(self._desk.identity, self._space_id, self._ask.stream.permission)]

    def close(self) -> None:
        self.is_over = True
        self._open.close()

    def _end(self) -> str:
        self.close()
        return write({"type": "ended", "sub": self._sub, "reason": "finished"})


class FeedSubscription:
    """Follows a space's feed until the client leaves. `after` is a cursor, None begins with a snapshot."""

    def __init__(
        self, desk: Desk, sub: str, space_id: uuid.UUID, *, after: str | None, wake: Callable[[], None]
    ) -> None:
        self.is_over = False
        self._desk, self._sub, self._space_id, self._wake = desk, sub, space_id, wake
        self._after = None if after is None else FeedPosition.parse(after)
        if after is not None and self._after is None:
            raise Invalid.field("after", msg="after is not a cursor of a feed.", kind="cursor")
        self._open = contextlib.ExitStack()
        self._follower: Follower | None = None
        self._at = 0
        self._names = json.dumps(sub)

    async def begin(self) -> list[str]:
        self._follower = self._open.enter_context(self._desk.hub.follow(FeedLog(self._space_id), self._wake))
        opened = await in_thread(open_feed, self._desk.identity, self._space_id, now=timezone.now())
        frames = [write({"type": "subscribed", "sub": self._sub, "space_id": str(self._space_id)})]
        given, now_at = self._after, opened.position
        self._at = now_at.n
        if given is not None and given.epoch == now_at.epoch and given.n <= now_at.n:
            self._at = given.n
        else:
            if given is not None:
                # The feed has begun anew since that cursor was given out: what came after it is unknown.
                frames.append(write({"type": "gap", "sub": self._sub, "from": str(given), "to": str(now_at)}))
            frames.append(write_snapshot(self._sub, opened.snapshot, str(now_at)))
        self._wake()
        return frames

    async def step(self) -> list[str]:
        if self.is_over or self._follower is None:
            return []
        batch = await self._follower.read(self._at)
        if batch is None or self.is_over:
            return []
        self._at = batch.end
        gap = next((frame for frame in batch.frames if frame.is_gap), None)
        frames = [write_entry(self._names, frame) for frame in batch.frames]
        if gap is not None:
            # Whoever missed state changes needs the states themselves.
            opened = await in_thread(open_feed, self._desk.identity, self._space_id, now=timezone.now())
            self._at = opened.position.n
            frames = [write_entry(self._names, gap)]
            frames.append(write_snapshot(self._sub, opened.snapshot, str(opened.position)))
        if self._follower.has_more(self._at):
            self._wake()
        return frames

    def claims(self) -> list[Claim]:
        return [
            Claim(self._desk.identity, self._space_id, stream.permission) for stream in streams.run_streams()
        ]

    def close(self) -> None:
        self.is_over = True
        self._open.close()


@dataclass(frozen=True, slots=True)
class CallAsk:
    """Which tool call; `space_id` None means wherever the caller is, `thread_id` None means any thread."""

    tool_call_id: str
    thread_id: str | None
    space_id: uuid.UUID | None


class CallSubscription:
    """Waits until a tool call has a run, then follows that run.

    It stays with the run it found: a retry that takes that run's place later is found by subscribing again.
    """

    def __init__(
        self, desk: Desk, sub: str, ask: CallAsk, *, after: int | None, wake: Callable[[], None]
    ) -> None:
        self._desk, self._sub, self._ask, self._after, self._wake = desk, sub, ask, after, wake
        self._is_over = False
        self._waiting = contextlib.ExitStack()
        self._spaces: list[uuid.UUID] = []
        self._run: RunSubscription | None = None

    @property
    def is_over(self) -> bool:
        return self._is_over or (self._run is not None and self._run.is_over)

    async def begin(self) -> list[str]:
        identity, ask = self._desk.identity, self._ask
        self._spaces = await in_thread(reach_of_call, identity, ask.space_id, now=timezone.now())
        for space_id in self._spaces:
            self._waiting.enter_context(self._desk.hub.follow(Call(space_id, ask.tool_call_id), self._wake))
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

    def claims(self) -> list[Claim]:
        if self._run is not None:
            return self._run.claims()
        permission = streams.run_stream(streams.calls().kind).permission
        return [Claim(self._desk.identity, space_id, permission) for space_id in self._spaces]

    def close(self) -> None:
        self._is_over = True
        self._waiting.close()
        if self._run is not None:
            self._run.close()

    async def _look(self) -> list[str]:
        found = await in_thread(find_call, self._spaces, self._ask.tool_call_id, self._ask.thread_id)
        if found is None or self._is_over:
            return []
        self._waiting.close()
        # A number belongs to one run. After a retry it would point into another log: begin with its snapshot.
        after = None if found.is_retry and self._after else self._after
        ask = RunAsk(streams.run_stream(streams.calls().kind), found.run_id, found.space_id)
        self._run = RunSubscription(self._desk, self._sub, ask, after=after, wake=self._wake, announce=False)
        return await self._run.begin()
