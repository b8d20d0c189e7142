"""A `sub` that follows one run."""

import contextlib
import json
import uuid
from collections.abc import Callable

from django.utils import timezone

from executions.runlog.frames import write, write_entry, write_snapshot
from executions.runlog.opening import RunAsk, open_run
from executions.runlog.socket.subscriptions import Desk
from executions.runlog.threads import in_thread
from executions.runlog.topics import RunLog
from executions.runlog.watching import Follower
from spaces.identity import Claim


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
