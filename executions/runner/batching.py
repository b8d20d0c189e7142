"""Collecting what a run says for a moment, so that it reaches the log in few transactions."""

import threading
import time
from abc import ABC, abstractmethod

BATCH_SECONDS = 0.1


class Batch(ABC):
    """What waits to be written, for at most 100 ms. Thread-safe: whoever touches it holds `_lock`.

    `renewed_at` is on time.monotonic()'s clock, from before the last write, which renewed the lease with it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._oldest: float | None = None
        self.renewed_at = 0.0

    def flush_if_due(self) -> None:
        """Write what has waited for 100 ms; returns at once while another thread is writing.

        Called by the lease keeper's ticker.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._oldest is not None and time.monotonic() - self._oldest >= BATCH_SECONDS:
                self.flush()
        finally:
            self._lock.release()

    @abstractmethod
    def flush(self) -> None:
        """Write what waits; a lost lease is told to the stop signal, not raised."""

    def _note_waiting(self) -> None:
        """Something waits from now on, if nothing did before."""
        self._oldest = self._oldest or time.monotonic()
