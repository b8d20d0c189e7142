"""What a run says while it goes on: the first of it at once, the rest of a burst in few transactions."""

import logging
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from executions.runs.lease import Lease, LeaseLost

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.1
BATCH_ITEMS = 64
LATE_SECONDS = 0.3  # a batch that still waits by then is written by the run's own thread
TEXT_LIMIT = 64 * 1024  # characters of one text event


class Stoppable(Protocol):
    """What is told that the run must not go on."""

    def set(self, reason: str) -> None: ...


class BatchedRecorder[Item](ABC):
    """Writes what comes after a pause at once, and what follows it closely together.

    The rest of a burst waits for at most 100 ms, or for 64 items, and goes in one fenced transaction.
    Thread-safe: whoever touches what waits holds `_lock`. A write that finds the lease lost sets the stop
    signal and drops its items; while the database does not answer they are put back for the next write, and
    the lease keeper ends the run if that lasts. `renewed_at` is on time.monotonic()'s clock, from before the
    last write, which renewed the lease with it.
    """

    def __init__(self, lease: Lease, stop: Stoppable, clock: Callable[[], datetime] = timezone.now) -> None:
        self._lock = threading.RLock()
        self._lease = lease
        self._stop = stop
        self._clock = clock
        self._items: list[Item] = []
        self._oldest: float | None = None
        self._written_at = -math.inf
        self.renewed_at = 0.0

    @abstractmethod
    def _write(self, items: Sequence[Item]) -> None:
        """One transaction, which renews the lease as well; raises LeaseLost."""

    @abstractmethod
    def _lose(self, items: Sequence[Item]) -> None:
        """Keep of items that may not be written what must not be lost."""

    def _is_heard(self, item: Item) -> bool:
        """Whether a subscriber is told of the item; what nobody hears of waits for what follows it."""
        return True

    def add(self, item: Item) -> None:
        with self._lock:
            now = time.monotonic()
            # From the end of the last write: a slow database gets larger batches, not one write an item.
            is_after_pause = now - self._written_at >= BATCH_SECONDS
            is_first = is_after_pause and self._is_heard(item) and not any(map(self._is_heard, self._items))
            self._items.append(item)
            self._oldest = self._oldest or now
            # The ticker may be left without a connection; the thread that adds has one.
            is_late = now - self._oldest >= LATE_SECONDS
            if is_first or is_late or len(self._items) % BATCH_ITEMS == 0:
                self.flush()

    def flush_if_due(self) -> None:
        """Write what has waited for 100 ms; returns at once while another thread is writing.

        Called by the lease keeper's ticker.
        """
        self._flush_after(BATCH_SECONDS)

    def flush_if_late(self) -> None:
        """Write what has waited so long that the ticker seems to have no connection; else the same.

        Called by the run's own thread, which has one, while the run says nothing.
        """
        self._flush_after(LATE_SECONDS)

    def _flush_after(self, seconds: float) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._oldest is not None and time.monotonic() - self._oldest >= seconds:
                self.flush()
        finally:
            self._lock.release()

    def flush(self) -> None:
        # Written under the lock: batches of one run must reach its log in order.
        with self._lock:
            if not self._items:
                return
            items = self._taken()
            began = time.monotonic()
            try:
                self._write(items)
                self.renewed_at = began
            except LeaseLost:
                self._stop.set("lease_lost")
                self._lose(items)
            except (OperationalError, InterfaceError) as error:
                logger.warning("What %s says waits for the database: %s", self._lease.run_id, error)
                connection.close_if_unusable_or_obsolete()
                self._items, self._oldest = items, time.monotonic()
            finally:
                self._written_at = time.monotonic()

    def _taken(self) -> list[Item]:
        """What waits, which waits no longer; under the lock."""
        items, self._items, self._oldest = self._items, [], None
        return items

    def write_out(self) -> None:
        """Write what waits, at a run's end; raises OperationalError while the database does not answer."""
        with self._lock:
            self.flush()
            if self._items:
                raise OperationalError("The run's last events could not be written yet.")
