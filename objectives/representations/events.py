"""The events of an objective as the workspace API shows them."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from executions.runs.models import RunEvent
from objectives.client_versions import Dialect
from objectives.former_events import present
from objectives.ids import Prefix, spell
from objectives.models import Objective
from objectives.representations.payloads import SHOWN, ReadEvent, spell_raw
from objectives.representations.reader import Viewer
from objectives.schemas.history import EventInfo, ObjectiveEvent
from objectives.schemas.metadata import OperationMetadata

# Every type that the API has for an event.
TYPES = frozenset(name for name, _ in SHOWN.values()) | {"toolError"}


def told_to(dialect: Dialect) -> frozenset[str]:
    """The kinds of events that a client is told of."""
    return frozenset(kind for kind, (name, _) in SHOWN.items() if dialect.knows_event(name))


def type_of(event: RunEvent) -> str:
    """The type in the API of an event that it shows."""
    return "toolError" if event.data.get("is_error") else SHOWN[event.kind][0]


def show_events(
    objective: Objective, rows: Sequence[RunEvent], *, reader: Viewer, now: datetime, with_info: bool
) -> list[ObjectiveEvent]:
    """These events of one objective, in this order."""
    events = [present(row) for row in rows]
    about = OperationMetadata.of(objective, Prefix.OBJECTIVE, tenant_id=reader.tenant_id)
    infos: dict[int, EventInfo] = {}
    if with_info:
        causes = {event.seq: _cause(objective, event) for event in events}
        profiles = reader.profiles(causes.values())
        infos = {seq: EventInfo(created_by=profiles[cause], objective=about) for seq, cause in causes.items()}
    return [_shown(ReadEvent(event, about, reader, now), infos.get(event.seq)) for event in events]


def _shown(read: ReadEvent, info: EventInfo | None) -> ObjectiveEvent:
    event, facts, name = read.event, read.facts, type_of(read.event)
    window, cause, began = (facts.get(one) for one in ("context_window_id", "caused_by", "started_at"))
    metadata = OperationMetadata(
        id=spell(Prefix.EVENT, event.event_id),
        account_id=read.about.account_id,
        workspace_id=read.about.workspace_id,
        profile_id=spell_raw(Prefix.PROFILE, cause) if cause else read.about.profile_id,
        created_at=event.at,
    )
    return ObjectiveEvent(
        metadata=metadata,
        context_window_id=spell_raw(Prefix.WINDOW, window) if window else "",
        started_at=began,
        duration=_duration(event.at - datetime.fromisoformat(began)) if began else None,
        data={"type": name, name: SHOWN[event.kind][1](read)},
        info=info,
    )


def _cause(objective: Objective, event: RunEvent) -> uuid.UUID:
    cause = event.data.get("caused_by")
    return uuid.UUID(cause) if cause else objective.created_by_id


def _duration(taken: timedelta) -> str:
    """`4.1s`"""
    return f"{max(taken.total_seconds(), 0):.6f}".rstrip("0").rstrip(".") + "s"
