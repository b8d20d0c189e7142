"""What the model is writing just now, batched into the objective's log for whoever watches."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from executions.runlog.lease import Lease, LeaseLost, append_and_renew
from executions.runner.batching import Batch
from executions.runs.event_kinds import Kind
from executions.storable import storable_text
from executions.worker.stopping import StopSignal
from objectives.events import event

logger = logging.getLogger(__name__)

BATCH_PIECES = 64
TEXT_LIMIT = 64 * 1024  # characters of one event


class TextRecorder(Batch):
    """Collects pieces of text for at most 100 ms or 64 of them and writes them in one fenced transaction.

    A write that finds the lease lost sets the stop signal and drops the text; while the database does not
    answer it is kept for the next write.
    """

    def __init__(self, lease: Lease, stop: StopSignal, clock: Callable[[], datetime] = timezone.now) -> None:
        super().__init__()
        self._lease = lease
        self._stop = stop
        self._clock = clock
        self._pieces: list[str] = []
        self._turn, self._attempt, self._offset = 0, 0, 0

    def begin(self, turn: int, attempt: int) -> None:
        """From now on texts belong to this attempt at this turn; their offsets count characters from 0."""
        with self._lock:
            self.flush()
            self._turn, self._attempt, self._offset = turn, attempt, 0

    def add(self, text: str) -> None:
        with self._lock:
            self._pieces.append(storable_text(text))
            self._note_waiting()
            if len(self._pieces) >= BATCH_PIECES:
                self.flush()

    def flush(self) -> None:
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
            event(Kind.TEXT, self._payload(text, start), now=now) for start in range(0, len(text), TEXT_LIMIT)
        ]
        with transaction.atomic():
            append_and_renew(self._lease, events)

    def _payload(self, text: str, start: int) -> dict[str, object]:
        return {
            "turn": self._turn,
            "attempt": self._attempt,
            "offset": self._offset + start,
            "text": text[start : start + TEXT_LIMIT],
        }
