"""What the model is writing just now, batched into the objective's log for whoever watches."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from executions.models import RunHead
from executions.runlog.events import NewEvent, append
from executions.runlog.lease import Lease, LeaseLost, fenced_head, lease_end
from executions.runner.stopping import StopSignal
from executions.runner.storable import storable_text
from objectives.events import Kind

logger = logging.getLogger(__name__)

BATCH_PIECES = 64
BATCH_SECONDS = 0.1
TEXT_LIMIT = 64 * 1024  # characters of one event


class TextRecorder:
    """Collects pieces of text for at most 100 ms or 64 of them and writes them in one fenced transaction.

    Thread-safe: `flush_if_due` is called by the lease keeper's ticker. A write that finds the lease lost sets
    the stop signal and drops the text; while the database does not answer it is kept for the next write.
    """

    def __init__(self, lease: Lease, stop: StopSignal, clock: Callable[[], datetime] = timezone.now) -> None:
        self._lease = lease
        self._stop = stop
        self._clock = clock
        self._lock = threading.RLock()
        self._pieces: list[str] = []
        self._oldest: float | None = None
        self._turn, self._attempt, self._offset = 0, 0, 0
        self.renewed_at = 0.0

    def begin(self, turn: int, attempt: int) -> None:
        """From now on texts belong to this attempt at this turn; their offsets count characters from 0."""
        with self._lock:
            self.flush()
            self._turn, self._attempt, self._offset = turn, attempt, 0

    def add(self, text: str) -> None:
        with self._lock:
            self._pieces.append(storable_text(text))
            self._oldest = self._oldest or time.monotonic()
            if len(self._pieces) >= BATCH_PIECES:
                self.flush()

    def flush_if_due(self) -> None:
        """Write what has waited for 100 ms; returns at once while another thread is writing."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._oldest is not None and time.monotonic() - self._oldest >= BATCH_SECONDS:
                self.flush()
        finally:
            self._lock.release()

    def flush(self) -> None:
        """Write what waits; a lost lease is told to the stop signal, not raised."""
        # Written under the lock: pieces must reach the log in order.
        with self._lock:
            text = "".join(self._pieces)
            if not text:
                return
            began = time.monotonic()
            try:
                self._write(text)
            except LeaseLost:
                self._stop.set("lease_lost")
            except (OperationalError, InterfaceError) as error:
                logger.warning("The text of %s waits for the database: %s", self._lease.run_id, error)
                connection.close_if_unusable_or_obsolete()
                self._oldest = time.monotonic()
                return
            else:
                self.renewed_at = began
            self._pieces, self._oldest = [], None
            self._offset += len(text)

    def _write(self, text: str) -> None:
        """One transaction, which renews the lease as well."""
        now = self._clock()
        events = [
            NewEvent(Kind.TEXT, self._payload(text, start), now) for start in range(0, len(text), TEXT_LIMIT)
        ]
        with transaction.atomic():
            head = fenced_head(self._lease)
            append(head, events)
            RunHead.objects.filter(pk=head.pk).update(
                seq=head.seq, last_event_id=head.last_event_id, lease_until=lease_end()
            )

    def _payload(self, text: str, start: int) -> dict[str, object]:
        return {
            "turn": self._turn,
            "attempt": self._attempt,
            "offset": self._offset + start,
            "text": text[start : start + TEXT_LIMIT],
        }
