"""A `sub` that follows one run."""

import json
import uuid

from django.utils import timezone

from executions.runs.live.authorisation import RunAsk, open_run
from executions.runs.live.batches import LogBatch
from executions.runs.live.frames import write, write_snapshot
from executions.runs.live.reader import RunLog
from executions.runs.live.socket.log_subscription import LogSubscription, SocketContext
from executions.runs.live.threads import in_thread
from spaces.identity import ReadClaim


class RunSubscription(LogSubscription):
    """Follows one run to its end. `after` None begins with a snapshot, a number resumes behind that event."""

    def __init__(
        self, desk: SocketContext, sub: str, ask: RunAsk, *, after: int | None, announce: bool = True
    ) -> None:
        id_name = ask.stream.id_name if ask.snapshot is None else "thread_id"
        named = {id_name: str(ask.run_id)}
        super().__init__(desk, sub, RunLog(ask.run_id), named=named)
        self._ask, self._after, self._announce = ask, after, announce
        self._space_id: uuid.UUID | None = None
        self._names += "," + json.dumps(named)[1:-1]

    def claims(self) -> list[ReadClaim]:
        if self._space_id is None:
            return []
        return [ReadClaim(self._desk.identity, self._space_id, self._ask.stream.permission)]

    async def _start(self) -> list[str]:
        opened = await in_thread(
            open_run,
            self._desk.identity,
            self._ask,
            base_url=self._desk.base_url,
            with_snapshot=self._after is None,
            now=timezone.now(),
        )
        self._space_id = opened.space_id
        frames = [self._subscribed()] if self._announce else []
        if opened.snapshot is not None:
            frames.append(write_snapshot(self._sub, opened.snapshot, opened.seq))
        # A number that this run has not reached yet stands for its newest: else its end would never be told.
        self.at = opened.seq if self._after is None else min(self._after, opened.seq)
        if opened.has_ended and self.at >= opened.seq:
            frames.append(self._end())
        return frames

    async def _tell(self, batch: LogBatch) -> list[str]:
        frames = await super()._tell(batch)
        return [*frames, self._end()] if batch.is_last else frames

    def _end(self) -> str:
        self.close()
        return write({"type": "ended", "sub": self._sub, "reason": "finished"})
