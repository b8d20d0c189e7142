"""What runs and feeds have in common: a `sub` that follows a log."""

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from executions.runlog.batches import Batch
from executions.runlog.frames import write, write_entry
from executions.runlog.socket.subscriptions import Desk
from executions.runlog.topics import Log
from executions.runlog.watching import Follower
from spaces.identity import Claim


class LogSubscription(ABC):
    """Watches a log first, then says where it stands, then hands on what follows, batch by batch.

    `named` is what the first frame repeats of the target; whether the events' frames do is their matter.
    """

    def __init__(
        self, desk: Desk, sub: str, log: Log, *, named: Mapping[str, str], wake: Callable[[], None]
    ) -> None:
        self.is_over = False
        self._desk, self._sub, self._log, self._named, self._wake = desk, sub, log, named, wake
        self._open = contextlib.ExitStack()
        self._follower: Follower | None = None
        self._at = 0  # the number of the last entry handed on
        self._names = json.dumps(sub)  # what stands in every frame behind `"sub":`

    async def begin(self) -> list[str]:
        self._follower = self._open.enter_context(self._desk.hub.follow(self._log, self._wake))
        frames = await self._start()
        if not self.is_over:
            self._wake()
        return frames

    async def step(self) -> list[str]:
        if self.is_over or self._follower is None:
            return []
        batch = await self._follower.read(self._at)
        if batch is None or self.is_over:
            return []
        self._at = batch.end
        frames = await self._tell(batch)
        if not self.is_over and self._follower.has_more(self._at):
            self._wake()
        return frames

    def push(self, send_now: Callable[[str], bool]) -> bool:
        batch = None if self.is_over or self._follower is None else self._follower.at_hand(self._at)
        if batch is None or batch.is_last:
            return False
        for frame in batch.frames:
            if frame.is_gap or not send_now(write_entry(self._names, frame)):
                return False
            self._at = frame.number
        self._at = batch.end
        return True

    def close(self) -> None:
        self.is_over = True
        self._open.close()

    @abstractmethod
    def claims(self) -> list[Claim]: ...

    @abstractmethod
    async def _start(self) -> list[str]:
        """The first frames; sets `_at` to where they end."""

    async def _tell(self, batch: Batch) -> list[str]:
        return [write_entry(self._names, frame) for frame in batch.frames]

    def _subscribed(self) -> str:
        return write({"type": "subscribed", "sub": self._sub, **self._named})
