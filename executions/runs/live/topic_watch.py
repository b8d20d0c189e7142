"""One topic that somebody in this process watches, and those who follow it, each from its own place."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import psycopg

from executions.runs.live.batches import LogBatch
from executions.runs.live.reader import CallTopic, Log, LogReader

logger = logging.getLogger(__name__)

GROUP = 16  # watchers woken before the loop gets to write to them
TAIL_SECONDS = 1.0  # how long what the last wake-up read is kept for watchers who have not come by yet


class Watch:
    """A topic with those to wake when it gets news.

    `known` is the highest number heard of. `edge` is the number up to which the shared reads have come
    (None until the first read of anybody): a watcher who stands there waits, one before it reads for
    itself. `tail` is what the last shared read brought. Not more is kept, so ten thousand watchers of
    one run cost one read.
    """

    __slots__ = (
        "_alone",
        "_failed",
        "_reader",
        "_reading",
        "_tail_at",
        "edge",
        "known",
        "tail",
        "target",
        "wakers",
    )

    def __init__(self, target: Log | CallTopic, reader: LogReader) -> None:
        self.target = target
        self.wakers: set[Callable[[], None]] = set()
        self.known = 0
        self.edge: int | None = None
        self.tail: LogBatch | None = None
        self._reader = reader
        self._tail_at = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._alone: dict[int, asyncio.Task[LogBatch]] = {}
        self._failed = False

    def hear(self, number: int) -> None:
        """A wake-up: read on from the edge for all who stand there, once."""
        if isinstance(self.target, CallTopic):
            self.flag_all()
        elif number > self.known:
            self.known = number
            if self.edge is None:
                self.flag_all()
            else:
                self._read_on(self.target)

    def flag_all(self) -> None:
        for wake in self.wakers:
            wake()

    def tidy(self) -> None:
        """To be called every second or so while the database answers."""
        if self.tail is not None and time.monotonic() - self._tail_at > TAIL_SECONDS:
            self.tail = None
        if self._failed:
            self._failed = False
            self.flag_all()

    def has_more(self, at: int) -> bool:
        """Whether `read` would find something, as far as is known; what comes later wakes."""
        return self.edge is None or at < self.edge

    def at_hand(self, at: int) -> LogBatch | None:
        """What the last shared read brought, for one who stands where it began or in it; None for others."""
        return (
            self.tail.beyond(at) if self.tail is not None and self.tail.start <= at < self.tail.end else None
        )

    async def read(self, at: int) -> LogBatch | None:
        """What follows `at`, None where nothing does yet: then all are woken once something does."""
        if isinstance(self.target, CallTopic):
            raise TypeError("A tool call has no log.")
        if (batch := self.at_hand(at)) is not None:
            return batch
        if not self.has_more(at):
            return None
        batch = await self._read_alone(self.target, at)
        return batch if batch is not None and (batch.frames or batch.is_last) else None

    async def _read_alone(self, log: Log, after: int) -> LogBatch | None:
        """What follows a number, for one who is behind.

        Those who stand at the same number at the same moment share the read. None where the database
        failed: all are woken when it is back.
        """
        task = self._alone.get(after)
        if task is None:
            task = self._alone[after] = asyncio.create_task(log.read(self._reader, after))
            task.add_done_callback(lambda _: self._alone.pop(after, None))
        try:
            batch = await asyncio.shield(task)
        except psycopg.Error as error:
            self._note_failure(error)
            return None
        if self.edge is None:
            self.edge = batch.head
            self.known = max(self.known, batch.head)
            if self.known > self.edge:
                self._read_on(log)
        return batch

    def _read_on(self, log: Log) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_to_known(log))

    async def _read_to_known(self, log: Log) -> None:
        while self.wakers and self.edge is not None and self.edge < self.known:
            try:
                batch = await log.read(self._reader, self.edge)
            except psycopg.Error as error:
                self._note_failure(error)
                self.known = self.edge  # so that the next healing finds it ahead again
                return
            if batch.end == self.edge:
                self.known = self.edge
                return
            self.tail, self._tail_at, self.edge = batch, time.monotonic(), batch.end
            self.known = max(self.known, batch.head)
            # Let the first ones be written before the last ones are woken: half of all hear of it sooner.
            for number, wake in enumerate(list(self.wakers), start=1):
                wake()
                if number % GROUP == 0:
                    await asyncio.sleep(0)

    def _note_failure(self, error: Exception) -> None:
        self._failed = True
        logger.warning("A log could not be read: %s", str(error).strip())


class Subscriber(ABC):
    """One client on one log, `at` the number of the last entry it was given. It keeps no entries.

    Whoever sends to it in order is its task: what comes while that task waits and the client has room is
    sent here and now, which saves waking a task for each client; everything else the task reads itself.
    What an entry is on the wire, and how it is sent, is the door's matter.
    """

    watch: Watch
    at = 0

    def wake(self) -> None:
        """There may be news."""
        # Only what everybody reads now: the end, and what needs a read of its own, take the task.
        batch = self.watch.at_hand(self.at) if self.is_idle() else None
        if batch is None or batch.is_last or not self.send_now(batch):
            self.flag()

    async def read_on(self) -> LogBatch | None:
        """What follows, which is then taken for given; None where nothing does yet."""
        batch = await self.watch.read(self.at)
        if batch is not None:
            self.at = batch.end
        return batch

    @abstractmethod
    def is_idle(self) -> bool:
        """Whether its task waits for news: nothing is being read or written."""

    @abstractmethod
    def send_now(self, batch: LogBatch) -> bool:
        """Send without waiting and move `at`; False where that is not possible, or not all of it."""

    @abstractmethod
    def flag(self) -> None:
        """Let the task know that there may be news."""
