"""What the model is writing just now, for whoever watches."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from executions.postgres_text import storable_text
from executions.runs.event_kinds import EventKind
from executions.runs.lease import append_and_renew
from executions.runs.recorder import TEXT_LIMIT, BatchedRecorder
from objectives.events import event


class TextRecorder(BatchedRecorder[str]):
    """Pieces of text of one attempt at a turn; those that wait together become one event of at most 64 Ki."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._turn, self._attempt, self._offset = 0, 0, 0

    def begin(self, turn: int, attempt: int) -> None:
        """From now on texts belong to this attempt at this turn; their offsets count characters from 0."""
        with self._lock:
            self.flush()
            self._turn, self._attempt, self._offset = turn, attempt, 0

    def add(self, item: str) -> None:
        if item:
            super().add(storable_text(item))

    def _write(self, items: Sequence[str]) -> None:
        text, now, of_attempt = "".join(items), self._clock(), {"turn": self._turn, "attempt": self._attempt}
        events = [
            event(
                EventKind.TEXT,
                {**of_attempt, "offset": self._offset + start, "text": text[start : start + TEXT_LIMIT]},
                now=now,
            )
            for start in range(0, len(text), TEXT_LIMIT)
        ]
        with transaction.atomic():
            append_and_renew(self._lease, events)
        self._offset += len(text)

    def _lose(self, items: Sequence[str]) -> None:
        """Nothing: the next worker begins the turn anew."""
