"""What a runner says about its run, batched into the run's log."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from executions.actions.running import Progress, Usage, record, record_late_usage
from executions.runlog.events import NewEvent
from executions.runlog.lease import Lease, LeaseLost
from executions.runner.batching import Batch
from executions.storable import storable, storable_text
from executions.worker.stopping import StopSignal

logger = logging.getLogger(__name__)

BATCH_ROWS = 64
TEXT_LIMIT = 64 * 1024  # characters of one text event
MESSAGE_LIMIT = 2000  # characters of a progress message, and of what a tool said


class Recorder(Batch):
    """Collects events for at most 100 ms or 64 rows and writes them in one fenced transaction.

    Thread-safe. A write that finds the lease lost sets the stop signal and drops the batch, except its usage,
    which was paid for: that goes to the late usage. While the database does not answer events are kept for
    the next write; the lease keeper ends the run if that lasts.
    """

    def __init__(self, lease: Lease, stop: StopSignal, clock: Callable[[], datetime] = timezone.now) -> None:
        super().__init__()
        self._lease = lease
        self._stop = stop
        self._clock = clock
        self._events: list[NewEvent] = []
        self._usages: list[Usage] = []
        self._iterations = 0
        self.spent_usd = Decimal(0)
        self.declared_artifacts: dict[str, str | None] = {}

    def progress(self, *, fraction: float | None, message: str | None) -> None:
        """`fraction` is 0 to 1, None where it cannot be told; of the message 2,000 characters are kept."""
        shown = None if message is None else message[:MESSAGE_LIMIT]
        self._add("execution.progressed", {"fraction": fraction, "message": shown})

    def text(self, text: str) -> None:
        """Text for whoever watches; pieces that wait together become one event of at most 64 Ki."""
        text = storable_text(text)
        with self._lock:
            last = self._events[-1] if self._events else None
            if last is not None and last.kind == "text.appended":
                room = TEXT_LIMIT - len(last.data["text"])
                self._events[-1] = NewEvent(last.kind, {"text": last.data["text"] + text[:room]}, last.at)
                text = text[room:]
            for start in range(0, len(text), TEXT_LIMIT):
                self._add("text.appended", {"text": text[start : start + TEXT_LIMIT]})

    def tool_called(self, *, call_id: str, name: str, arguments: dict[str, Any]) -> None:
        self._add("tool.called", {"call_id": call_id, "name": name, "arguments": arguments})

    def tool_returned(self, *, call_id: str, name: str, is_error: bool, summary: str) -> None:
        """`summary` is the beginning of what the tool said, at most 2,000 characters."""
        data = {"call_id": call_id, "name": name, "is_error": is_error, "summary": summary[:MESSAGE_LIMIT]}
        self._add("tool.returned", data)

    def usage(self, *, model: str | None, input_tokens: int, output_tokens: int, cost_usd: Decimal) -> None:
        """Tokens and US dollars of one model request, or as a script reports them; also added to the row."""
        data = {
            "model": model,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cost_usd": f"{cost_usd:f}",
        }
        with self._lock:
            self.spent_usd += cost_usd
            self._usages.append(Usage(model, input_tokens, output_tokens, cost_usd))
            self._add("usage.recorded", data)

    def iteration(self) -> None:
        """Count one more turn of the run's loop."""
        with self._lock:
            self._iterations += 1
            self._note_waiting()

    def declare_artifact(self, relpath: str, document_type: str | None) -> None:
        """Name a workspace file that is to be kept when the run is over."""
        with self._lock:
            self.declared_artifacts[relpath] = document_type

    def flush(self) -> None:
        # Written under the lock: batches of one run must reach its log in order.
        with self._lock:
            if not self._events and not self._iterations:
                return
            progress = Progress(self._events, self._usages, self._iterations)
            self._events, self._usages, self._iterations, self._oldest = [], [], 0, None
            began = time.monotonic()
            try:
                record(lease=self._lease, progress=progress)
                self.renewed_at = began
            except LeaseLost:
                self._stop.set("lease_lost")
                self._keep_late_usage(progress)
            except (OperationalError, InterfaceError) as error:
                logger.warning("Events of %s wait for the database: %s", self._lease.run_id, error)
                connection.close_if_unusable_or_obsolete()
                self._put_back(progress)

    def write_out(self) -> None:
        """Write what waits, at a run's end; raises OperationalError while the database does not answer."""
        with self._lock:
            self.flush()
            if self._events or self._iterations:
                raise OperationalError("The run's last events could not be written yet.")

    def _put_back(self, progress: Progress) -> None:
        self._events, self._usages = list(progress.events), list(progress.usages)
        self._iterations, self._oldest = progress.iterations, time.monotonic()

    def _keep_late_usage(self, progress: Progress) -> None:
        if progress.usages:
            record_late_usage(execution_id=self._lease.run_id, usages=progress.usages, now=self._clock())

    def _add(self, kind: str, data: dict[str, Any]) -> None:
        with self._lock:
            self._events.append(NewEvent(kind, storable(data), self._clock()))
            self._note_waiting()
            if len(self._events) % BATCH_ROWS == 0:
                self.flush()
