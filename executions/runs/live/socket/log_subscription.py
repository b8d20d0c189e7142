"""What runs and feeds have in common: a `sub` that follows a log."""

import contextlib
import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from executions.runs.live.batches import LogBatch
from executions.runs.live.frames import write, write_entry
from executions.runs.live.hub import Hub
from executions.runs.live.reader import Log
from executions.runs.live.socket.subscription_set import Roster
from executions.runs.live.topic_watch import Subscriber
from spaces.identity import Credentials, ReadClaim


@dataclass(frozen=True, slots=True)
class SocketContext:
    """What the subscriptions of one socket share."""

    hub: Hub
    identity: Credentials
    base_url: str
    roster: Roster


class LogSubscription(Subscriber):
    """Watches a log first, then says where it stands, then hands on what follows, batch by batch.

    `named` is what the first frame repeats of the target; whether the events' frames do is their matter.
    """

    def __init__(self, desk: SocketContext, sub: str, log: Log, *, named: Mapping[str, str]) -> None:
        self.is_over = False
        self._desk, self._sub, self._log, self._named = desk, sub, log, named
        self._open = contextlib.ExitStack()
        self._names = json.dumps(sub)  # what stands in every frame behind `"sub":`

    async def begin(self) -> list[str]:
        self.watch = self._open.enter_context(self._desk.hub.follow(self._log, self.wake))
        frames = await self._start()
        if not self.is_over:
            self.flag()
        return frames

    async def step(self) -> list[str]:
        batch = None if self.is_over else await self.read_on()
        if batch is None or self.is_over:
            return []
        frames = await self._tell(batch)
        if not self.is_over and self.watch.has_more(self.at):
            self.flag()
        return frames

    def is_idle(self) -> bool:
        return not self.is_over and self._desk.roster.is_idle(self._sub)

    def flag(self) -> None:
        self._desk.roster.flag(self._sub)

    def send_now(self, batch: LogBatch) -> bool:
        for frame in batch.frames:
            if frame.is_gap or not self._desk.roster.send_now(write_entry(self._names, frame)):
                return False
            self.at = frame.number
        self.at = batch.end
        return True

    def close(self) -> None:
        self.is_over = True
        self._open.close()

    @abstractmethod
    def claims(self) -> list[ReadClaim]: ...

    @abstractmethod
    async def _start(self) -> list[str]:
        """The first frames; sets `at` to where they end."""

    async def _tell(self, batch: LogBatch) -> list[str]:
        return [write_entry(self._names, frame) for frame in batch.frames]

    def _subscribed(self) -> str:
        return write({"type": "subscribed", "sub": self._sub, **self._named})
