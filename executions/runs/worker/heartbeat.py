"""Keeps this process's leases alive, and stops the runs that must not go on.

Three threads: one speaks to the database about leases, one writes what recorders hold back, and
one only looks at the clock. The last must work when the database hangs: a worker that cannot renew
kills its sandboxes before anybody else may take the runs over.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

from django.db import Error as DatabaseError, OperationalError, connection
from psycopg.errors import LockNotAvailable

from executions.runs.lease import (
    GIVE_UP_SECONDS,
    HEARTBEAT_SECONDS,
    Lease,
    LeaseLost,
    look,
    renew,
    renew_in_line,
)
from executions.runs.registry import registration
from executions.runs.wakeups import WORKER_MARK, worker_topic
from executions.runs.worker.stop_signal import StopSignal

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.4  # how late a cancel may be seen of which no wake-up has told
TICK_SECONDS = 0.1
GUARD_SECONDS = 0.2
IN_LINE_AFTER = HEARTBEAT_SECONDS + 1  # seconds without a renewal: others have the head all the time


class Scribe(Protocol):
    """What writes a run's events while it runs; `renewed_at` is on time.monotonic()'s clock.

    That is from before its last write, which renews the lease along with it; 0 where it never did.
    """

    renewed_at: float

    def flush_if_due(self) -> None:
        """Write what has waited long enough; called every 100 ms from a thread of the keeper's."""


@dataclass(eq=False)
class HeldLease[S: Scribe]:
    """One lease in this process's hands; `renewed_at` is monotonic, from before the renewal was sent.

    Whoever ends the run or hands it back says `is_ending` before, when a lease that is gone may be its own
    doing, and `is_over` afterwards, when there is nothing to keep any more. `is_interrupted` is set where
    somebody wants it to break off what it waits for: what comes then, the rows say. `known_seq` is the last
    event of the run that its work knows of; the first that somebody else adds is news.
    """

    lease: Lease
    stop: StopSignal
    recorder: S
    renewed_at: float
    is_lost: bool = False
    is_ending: bool = False
    is_over: bool = False
    is_interrupted: bool = False
    known_seq: int = 0
    _listener: Callable[[], None] | None = None

    @contextmanager
    def told(self, listener: Callable[[], None]) -> Iterator[None]:
        """While the block runs, `listener` is called where there is news or an interrupt, in another thread.

        More often than needed, and within half a second. There is one at a time.
        """
        self._listener = listener
        try:
            yield
        finally:
            self._listener = None

    def note(self, *, seq: int, is_interrupted: bool) -> None:
        """Called by the keeper after each look at the rows."""
        self.is_interrupted = self.is_interrupted or is_interrupted
        listener = self._listener
        if listener is not None and (is_interrupted or seq > self.known_seq):
            listener()

    def require(self) -> None:
        """Raises LeaseLost where nothing may be written any more."""
        if self.is_lost:
            raise LeaseLost

    def lose(self) -> None:
        """Nothing may be written any more; whatever runs must end."""
        self.is_lost = True
        self.stop.set("lease_lost")


class LeaseKeeper:
    """Started once a process; `holding` puts a run under its care."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # By lease, not by run: an attempt may unwind so slowly that this process has the run again.
        self._held: set[HeldLease[Any]] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._news = threading.Event()
        self._connected = threading.Barrier(3)
        loops = {"leases": self._keep, "recorders": self._tick}
        self._threads = [
            threading.Thread(target=self._connect, args=[loop], name=name, daemon=True)
            for name, loop in loops.items()
        ]
        self._threads.append(threading.Thread(target=self._guard, name="lease-guard", daemon=True))

    def start(self) -> None:
        """Returns once the threads have their connections: for a run it may be too late to open them.

        At the database's limit of connections its events would all come at its end, and its lease be lost.
        """
        for thread in self._threads:
            thread.start()
        self._connected.wait()

    def stop(self) -> None:
        """End the threads; nothing may be held any more."""
        self._closing.set()
        self.look_now()
        for thread in self._threads:
            thread.join(5)

    @contextmanager
    def holding[S: Scribe](
        self, lease: Lease, stop: StopSignal, recorder: S, *, taken_at: float
    ) -> Iterator[HeldLease[S]]:
        """Keep the lease until the block ends; `taken_at` is the monotonic time before it was taken."""
        held = HeldLease(lease, stop, recorder, taken_at)
        with self._lock:
            self._held.add(held)
        try:
            yield held
        finally:
            with self._lock:
                self._held.discard(held)

    def hear(self, payload: str) -> None:
        """Look at once where a wake-up is for a run that is held here; to be called from any thread."""
        topics = {line.partition(" ")[0] for line in payload.splitlines() if line.startswith(WORKER_MARK)}
        if topics and any(worker_topic(held.lease.run_id) in topics for held in self._kept()):
            self.look_now()

    def look_now(self) -> None:
        """Look at the rows of what is held without waiting for the next time."""
        self._news.set()

    def stop_all(self, reason: str) -> None:
        """Stop every run that is held now."""
        for held in self._kept():
            held.stop.set(reason)

    def _kept(self) -> list[HeldLease[Any]]:
        with self._lock:
            return [held for held in self._held if not held.is_lost and not held.is_over]

    def _connect(self, loop: Callable[[], None]) -> None:
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            logger.warning("The lease keeper has no connection yet: %s", error)
        except Exception:
            logger.exception("The lease keeper has no connection yet")
        self._connected.wait()
        loop()

    def _keep(self) -> None:
        while not self._closing.is_set():
            self._news.wait(LOOK_SECONDS)
            self._news.clear()
            try:
                self._renew_due()
                self._look()
            except DatabaseError as error:
                logger.warning("Leases could not be renewed: %s", error)
                connection.close()
            except Exception:
                # Without this thread every run would be given up: whatever it was, it goes on.
                logger.exception("Leases could not be renewed")
        connection.close()

    def _renew_due(self) -> None:
        now = self._clock()
        held = {one.lease.run_id: one for one in self._kept()}
        if any(now - one.renewed_at >= HEARTBEAT_SECONDS for one in held.values()):
            for run_id in renew([one.lease for one in held.values()]):
                held[run_id].renewed_at = now
        self._stand_in_line(list(held.values()))

    def _stand_in_line(self, kept: Sequence[HeldLease[Any]]) -> None:
        """For the lease that is most urgent: one at a time, since all others wait meanwhile."""
        now = self._clock()
        one = min(kept, key=_renewed_at, default=None)
        if one is None or now - _renewed_at(one) < IN_LINE_AFTER:
            return
        try:
            if renew_in_line(one.lease):
                one.renewed_at = now
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            logger.warning("The lease of %s waits for others", one.lease.run_id)

    def _look(self) -> None:
        held = self._kept()
        if not held:
            return
        found = look([one.lease for one in held])
        interrupted = self._interrupted(held)
        for one in held:
            seen = found.get(one.lease.run_id)
            if seen is not None:
                if seen.is_cancelled:
                    one.stop.set("cancelled")
                one.note(seq=seen.seq, is_interrupted=one.lease.run_id in interrupted)
            elif not one.is_ending:
                logger.warning("The lease of %s is lost", one.lease.run_id)
                one.lose()

    def _interrupted(self, held: Sequence[HeldLease[Any]]) -> set[uuid.UUID]:
        """The runs that somebody wants to break off what they wait for."""
        asked: set[uuid.UUID] = set()
        for name, ones in groupby(sorted(held, key=_kind), key=_kind):
            interrupted = registration(name).interrupted
            if interrupted is not None:
                asked |= set(interrupted([one.lease.run_id for one in ones]))
        return asked

    def _tick(self) -> None:
        while not self._closing.wait(TICK_SECONDS):
            for held in self._kept():
                try:
                    held.recorder.flush_if_due()
                except Exception:
                    # The same: one run's events must not hold back all others'.
                    logger.exception("Events of %s were lost", held.lease.run_id)
                    connection.close()
        connection.close()

    def _guard(self) -> None:
        while not self._closing.wait(GUARD_SECONDS):
            for held in self._kept():
                if self._clock() - _renewed_at(held) >= GIVE_UP_SECONDS:
                    logger.error("The lease of %s could not be renewed for 6 s", held.lease.run_id)
                    held.lose()


def _kind(held: HeldLease[Any]) -> str:
    return held.lease.kind


def _renewed_at(held: HeldLease[Any]) -> float:
    return max(held.renewed_at, float(held.recorder.renewed_at))
