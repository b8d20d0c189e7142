"""An objective's log as the event stream of the workspace API."""

import json
import uuid
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.utils import timezone

from executions.runs.live.batches import LogBatch, Logged
from executions.runs.live.json_encoder import dump
from executions.runs.models import RunEvent
from objectives.events import VERSION
from objectives.ids import Json, Prefix, spell
from objectives.models import Objective
from objectives.representations.events import show_events, told_to
from objectives.representations.objectives import show_objectives
from objectives.representations.reader import Viewer
from objectives.schemas.history import ObjectiveEvent
from objectives.schemas.metadata import OperationMetadata
from spaces.ids import new_id

PING = b"event: ping\ndata: {}\n\n"
_BEATS = 3  # a heartbeat with every third ping, thus every half minute


@dataclass(frozen=True)
class EventStream:
    """One client's stream of one objective; streams of clients that read alike are equal.

    `is_wrapped` puts each event into the union of create-and-stream.
    """

    objective: Objective
    reader: Viewer
    is_wrapped: bool = False
    _silences: "count[int]" = field(default_factory=lambda: count(1), compare=False)

    def encode(self, batch: LogBatch) -> bytes:
        """The events of a batch that this client understands, as frames."""
        told = told_to(self.reader.dialect)
        rows = [
            _event(self.objective.id, frame.number, frame.kind, frame.logged)
            for frame in batch.frames
            if frame.logged is not None and frame.kind in told
        ]
        events = show_events(self.objective, rows, reader=self.reader, now=timezone.now(), with_info=False)
        is_id_last = self.reader.dialect.version is not None
        return b"".join(
            _frame(self._put(event), event.metadata.id, is_id_last=is_id_last) for event in events
        )

    def opening(self) -> bytes:
        """The objective itself, as the first frame of create-and-stream; without an id, it is no event."""
        shown = show_objectives([self.objective], reader=self.reader, with_info=True)[0].wire()
        return _frame({"type": "objective", "objective": shown})

    def silence(self) -> bytes:
        """A ping, and now and then a heartbeat: neither has an id, since neither is kept."""
        is_beat = next(self._silences) % _BEATS == 0 and self.reader.dialect.knows_event("heartbeat")
        return PING + _frame(self._put(self._heartbeat())) if is_beat else PING

    def _put(self, event: ObjectiveEvent) -> Json:
        shown = event.wire()
        return {"type": "event", "event": shown} if self.is_wrapped else shown

    def _heartbeat(self) -> ObjectiveEvent:
        about = OperationMetadata.of(self.objective, Prefix.OBJECTIVE, tenant_id=self.reader.tenant_id)
        metadata = OperationMetadata(
            id=spell(Prefix.HEARTBEAT, new_id()),
            account_id=about.account_id,
            workspace_id=about.workspace_id,
            profile_id=about.profile_id,
            created_at=timezone.now(),
        )
        data: dict[str, Any] = {"type": "heartbeat", "heartbeat": {}}
        return ObjectiveEvent(metadata=metadata, data=data, context_window_id="")


def _event(run_id: uuid.UUID, seq: int, kind: str, logged: Logged) -> RunEvent:
    return RunEvent(
        run_id=run_id,
        seq=seq,
        event_id=logged.event_id,
        kind=kind,
        version=VERSION,
        data=json.loads(logged.data),
        at=logged.at,
    )


def _frame(shown: Json, event_id: str = "", *, is_id_last: bool = False) -> bytes:
    """One frame; the official libraries get its id last.

    They resume after an id as soon as they have read it: a cut between it and its data would lose the event.
    """
    named = f"id: {event_id}\n" if event_id else ""
    data = f"data: {dump(shown)}\n"
    return ((data + named if is_id_last else named + data) + "\n").encode()
