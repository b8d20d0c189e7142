"""One topic that somebody in this process watches, and the places its watchers stand at."""

import asyncio
import logging
import time
from collections.abc import Callable

import psycopg

from executions.runlog.batches import Batch
from executions.runlog.reader import Reader
from executions.runlog.topics import Call, Log

logger = logging.getLogger(__name__)

GROUP = 16  # watchers woken before the loop gets to write to them
TAIL_SECONDS = 1.0  # how long what the last wake-up read is kept for watchers who have not come by yet


class Watch:
    """A topic with its watchers.

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

    def __init__(self, target: Log | Call, reader: Reader) -> None:
        self.target = target
        self.wakers: set[Follower] = set()
        self.known = 0
        self.edge: int | None = None
        self.tail: Batch | None = None
        self._reader = reader
        self._tail_at = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._alone: dict[int, asyncio.Task[Batch]] = {}
        self._failed = False

    def hear(self, number: int) -> None:
        """A wake-up: read on from the edge for all who stand there, once."""
        if isinstance(self.target, Call):
            self.flag_all()
        elif number > self.known:
            self.known = number
            if self.edge is None:
                self.flag_all()
            else:
                self._read_on(self.target)

    def flag_all(self) -> None:
        for follower in self.wakers:
            follower.wake()

    def tidy(self) -> None:
        """To be called every second or so while the database answers."""
        if self.tail is not None and time.monotonic() - self._tail_at > TAIL_SECONDS:
            self.tail = None
        if self._failed:
            self._failed = False
            self.flag_all()

    async def read_alone(self, log: Log, after: int) -> Batch | None:
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
            await self._flag_in_groups()

    async def _flag_in_groups(self) -> None:
        """Let the first ones be written before the last ones are woken: half of all hear of it sooner."""
        for number, follower in enumerate(list(self.wakers), start=1):
            follower.wake()
            if number % GROUP == 0:
                await asyncio.sleep(0)

    def _note_failure(self, error: Exception) -> None:
        self._failed = True
        logger.warning("A log could not be read: %s", str(error).strip())


class Follower:
    """One watcher of one topic: a flag to set, and the way to read on. It keeps no events."""

    __slots__ = ("_watch", "wake")

    def __init__(self, watch: Watch, wake: Callable[[], None]) -> None:
        self._watch = watch
        self.wake = wake

    def has_more(self, at: int) -> bool:
        """Whether `read` would find something, as far as is known; what comes later wakes."""
        return self._watch.edge is None or at < self._watch.edge

    def at_hand(self, at: int) -> Batch | None:
        """What the last shared read brought, for one who stands where it began or in it; None for others."""
        tail = self._watch.tail
        return tail.beyond(at) if tail is not None and tail.start <= at < tail.end else None

    async def read(self, at: int) -> Batch | None:
        """What follows `at`, None where nothing does yet: then `wake` is called once something does."""
        log = self._watch.target
        if isinstance(log, Call):
            raise TypeError("A tool call has nothing to read.")
        if (batch := self.at_hand(at)) is not None:
            return batch
        if self._watch.edge is not None and at >= self._watch.edge:
            return None
        batch = await self._watch.read_alone(log, at)
        return batch if batch is not None and (batch.frames or batch.is_last) else None
