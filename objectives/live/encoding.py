"""An objective's log as the event stream of the workspace API."""

import uuid
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson
from django.utils import timezone

from executions.runlog.batches import Batch
from executions.runlog.models import RunEvent
from executions.runlog.threads import in_thread
from objectives.events import PUBLIC, TYPES
from objectives.models import Objective
from objectives.records import Reader
from objectives.shapes.history import ObjectiveEvent
from objectives.shapes.metadata import OperationMetadata
from objectives.shapes.shape import Json
from objectives.spelling import Prefix, spell
from spaces.ids import new_id

PING = b"event: ping\ndata: {}\n\n"
_BEATS = 3  # a heartbeat with every third ping, thus every half minute


@dataclass(frozen=True)
class EventStream:
    """One client's stream of one objective; streams of clients that read alike are equal.

    `is_wrapped` puts each event into the union of create-and-stream.
    """

    objective: Objective
    reader: Reader
    is_wrapped: bool = False
    _silences: "count[int]" = field(default_factory=lambda: count(1), compare=False)

    async def encode(self, batch: Batch) -> bytes:
        """The events behind a batch of the log that this client understands, as frames."""
        if not batch.frames:
            return b""
        return await in_thread(self._frames, batch.start, batch.end)

    def opening(self) -> bytes:
        """The objective itself, as the first frame of create-and-stream; without an id, it is no event."""
        shown = self.reader.objectives([self.objective], with_info=True)[0].wire()
        return _frame({"type": "objective", "objective": shown})

    def silence(self) -> bytes:
        """A ping, and now and then a heartbeat: neither has an id, since neither is kept."""
        is_beat = next(self._silences) % _BEATS == 0 and self.reader.dialect.knows_event("heartbeat")
        return PING + _frame(self._put(self._heartbeat())) if is_beat else PING

    def _frames(self, start: int, end: int) -> bytes:
        kinds = [kind for kind in PUBLIC if self.reader.dialect.knows_event(TYPES[kind])]
        rows = RunEvent.objects.filter(
            run_id=self.objective.id, seq__gt=start, seq__lte=end, kind__in=kinds
        ).order_by("seq")
        events = self.reader.events(self.objective, list(rows), now=timezone.now(), with_info=False)
        return b"".join(_frame(self._put(event), event.metadata.id) for event in events)

    def _put(self, event: ObjectiveEvent) -> Json:
        shown = event.wire()
        return {"type": "event", "event": shown} if self.is_wrapped else shown

    def _heartbeat(self) -> ObjectiveEvent:
        about = self.reader.operation(self.objective, Prefix.OBJECTIVE)
        metadata = OperationMetadata(
            id=spell(Prefix.HEARTBEAT, new_id()),
            account_id=about.account_id,
            workspace_id=about.workspace_id,
            profile_id=about.profile_id,
            created_at=timezone.now(),
        )
        data: dict[str, Any] = {"type": "heartbeat", "heartbeat": {}}
        return ObjectiveEvent(metadata=metadata, data=data, context_window_id="")


def number_after(objective_id: uuid.UUID, event_id: uuid.UUID) -> int | None:
    """The number of an event, by which its log is read on; None for one that it does not have."""
    return (
        RunEvent.objects.filter(run_id=objective_id, event_id=event_id).values_list("seq", flat=True).first()
    )


def _frame(shown: Json, event_id: str = "") -> bytes:
    head = f"id: {event_id}\n".encode() if event_id else b""
    # JSON has no line end inside, so one `data:` line always holds it.
    return head + b"data: " + orjson.dumps(shown) + b"\n\n"
