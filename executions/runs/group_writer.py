"""Writes what many runs of a worker say in few transactions, from one thread with one connection.

Decision: what waits of all runs is one transaction. Whoever speaks neither waits for the database nor holds a
connection; what a run says after a pause goes at once, the rest of a burst at most 100 ms later.
"""

import asyncio
import logging
import math
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from django.db import Error as DatabaseError, InterfaceError, OperationalError, connection, transaction

from executions.runs.lease import Lease, append_to_many
from executions.runs.log import NewEvent

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.1
BUSY_RUNS = (
    16  # of a round, from which on rounds begin 100 ms apart; the fewer there were, the sooner the next
)
PAUSE_SECONDS = 0.5  # while the database does not answer
MOST_OF_RUN = 256 * 1024  # characters of one run that may wait; whoever says more waits itself
MOST_OF_ALL = 32 * 1024 * 1024


class Stopping(Protocol):
    """Why a run must not go on."""

    @property
    def reason(self) -> str | None: ...


class GroupWriter:
    """Started once a process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[GroupRecorder, float] = {}  # when each is due, by the monotonic clock
        self._may_begin_at = self._wakes_at = 0.0
        self._characters = 0
        self._listeners: list[Callable[[], None]] = []
        self._is_closing = False
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._run, name="texts", daemon=True)

    def start(self) -> None:
        """Returns once the thread has its connection."""
        self._thread.start()
        self._connected.wait()

    def stop(self) -> None:
        """End the thread; nobody says anything any more."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(5)

    def put(self, recorder: "GroupRecorder", text: str) -> bool:
        """Add to what waits of a run; whether it is so much that nothing more should come for a moment."""
        with self._changed:
            recorder.texts.append(text)
            recorder.characters += len(text)
            self._characters += len(text)
            if recorder not in self._waiting:
                due_at = max(time.monotonic(), recorder.written_at + BATCH_SECONDS)
                self._waiting[recorder] = due_at
                # Not where it would only look and sleep on, thousands of times a second.
                if max(due_at, self._may_begin_at) < self._wakes_at:
                    self._changed.notify()
            return self.is_full(recorder)

    def hurry(self, recorder: "GroupRecorder") -> None:
        """Write what waits of a run at once."""
        with self._changed:
            if recorder in self._waiting:
                self._waiting[recorder] = self._may_begin_at = 0.0
                self._changed.notify()

    def take(self, recorder: "GroupRecorder") -> list[str]:
        """What waits of a run, which somebody else writes or nobody does; none of it may be under way."""
        with self._changed:
            self._waiting.pop(recorder, None)
            return self._cut(recorder)

    async def wait_while(self, holds: Callable[[], object]) -> None:
        """Wait until that is no more so, which is looked at after each round."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def hear() -> None:
            loop.call_soon_threadsafe(ended.set)

        with self._changed:
            self._listeners.append(hear)
        try:
            while self._locked(holds):
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), PAUSE_SECONDS)
                ended.clear()
        finally:
            with self._changed:
                self._listeners.remove(hear)

    def _locked(self, holds: Callable[[], object]) -> bool:
        with self._changed:
            return bool(holds())

    def is_full(self, recorder: "GroupRecorder") -> bool:
        """For whoever holds the lock."""
        return recorder.characters > MOST_OF_RUN or self._characters > MOST_OF_ALL

    def _cut(self, recorder: "GroupRecorder") -> list[str]:
        texts, recorder.texts = recorder.texts, []
        self._characters -= recorder.characters
        recorder.characters = 0
        return texts

    def _run(self) -> None:
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            logger.warning("Texts have no connection yet: %s", error)
        self._connected.set()
        while self._wait_until_due():
            self._round(time.monotonic())
        connection.close()

    def _wait_until_due(self) -> bool:
        """Whether there is something to write; False at the end."""
        with self._changed:
            while not self._is_closing:
                due_at = max(min(self._waiting.values(), default=math.inf), self._may_begin_at)
                left = due_at - time.monotonic()
                if left <= 0:
                    return True
                self._wakes_at = due_at
                self._changed.wait(min(left, 3600))
        return False

    def _round(self, began: float) -> None:
        """Write what waits of all runs, due or not."""
        with self._changed:
            recorders, self._waiting = list(self._waiting), {}
            self._may_begin_at = began + BATCH_SECONDS * min(len(recorders) / BUSY_RUNS, 1)
            taken = {recorder: self._cut(recorder) for recorder in recorders}
            for recorder, texts in taken.items():
                recorder.under_way = sum(map(len, texts))
                self._characters += recorder.under_way
        written = self._write({one.lease: one.events(texts) for one, texts in taken.items()})
        self._settle(taken, written, began)

    def _write(self, said: Mapping[Lease, Sequence[NewEvent]]) -> set[uuid.UUID]:
        """The runs for which there is nothing more to do."""
        try:
            with transaction.atomic():
                return append_to_many(said)
        except (OperationalError, InterfaceError) as error:
            logger.warning("What runs say waits for the database: %s", error)
            connection.close_if_unusable_or_obsolete()
            time.sleep(PAUSE_SECONDS)
            return set()
        except Exception:
            if len(said) > 1:  # one run's words must not hold back all others'
                return set().union(*(self._write({lease: events}) for lease, events in said.items()))
            logger.exception("What a run said could not be written")
            return {lease.run_id for lease in said}

    def _settle(
        self, taken: Mapping["GroupRecorder", list[str]], written: Collection[uuid.UUID], began: float
    ) -> None:
        with self._changed:
            now = time.monotonic()
            for recorder, texts in taken.items():
                self._characters -= recorder.under_way
                recorder.written_at = now
                if recorder.lease.run_id in written:
                    recorder.renewed_at = began
                    recorder.offset += recorder.under_way
                elif not recorder.is_lost:
                    # Somebody has its head, or the database is away: it waits for the next round.
                    recorder.texts[:0] = texts
                    recorder.characters += recorder.under_way
                    self._characters += recorder.under_way
                if recorder.texts:
                    self._waiting.setdefault(recorder, now + BATCH_SECONDS)
                recorder.under_way = 0
            listeners = list(self._listeners)
        for hear in listeners:
            hear()


class GroupRecorder(ABC):
    """What one run says; whoever adds to it is in the event loop, and waits where too much waits already.

    `offset` is how many characters are written; `renewed_at` and `written_at` are on time.monotonic()'s
    clock, from before and after the last write. All but the lease and the stop signal is the writer's.
    """

    def __init__(self, lease: Lease, stop: Stopping, writer: GroupWriter) -> None:
        self.lease = lease
        self._stop = stop
        self._writer = writer
        self.texts: list[str] = []
        self.characters = self.under_way = self.offset = 0
        self.written_at = self.renewed_at = 0.0

    @abstractmethod
    def events(self, texts: list[str]) -> list[NewEvent]:
        """The texts that follow those which are written; called in the writer's thread."""

    @property
    def is_lost(self) -> bool:
        """Nothing may be written any more: the next worker begins anew."""
        return self._stop.reason == "lease_lost"

    def flush_if_due(self) -> None:
        """The writer comes by itself."""
        return

    async def add(self, item: str) -> None:
        if item and self._writer.put(self, item):
            await self._writer.wait_while(lambda: self._writer.is_full(self) and not self.is_lost)

    async def flush(self) -> None:
        """Wait until all is written; what may not be written any more is let go."""
        if self.texts or self.under_way:
            self._writer.hurry(self)
            await self._writer.wait_while(lambda: (self.texts or self.under_way) and not self.is_lost)
        self._writer.take(self)

    async def take(self) -> list[NewEvent]:
        """The events of the texts that still wait, for the caller to append along with what comes of them."""
        if self.under_way:
            await self._writer.wait_while(lambda: self.under_way and not self.is_lost)
        texts = self._writer.take(self)
        events = self.events(texts)
        self.offset += sum(map(len, texts))
        return events
