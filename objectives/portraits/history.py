"""What happened in an objective as the API shows it, read for many at once in a fixed number of queries."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from executions.runlog.models import RunEvent
from objectives.models import (
    ActionKind,
    ContextWindow as WindowRow,
    Feedback as FeedbackRow,
    Objective,
    QueuedAction as ActionRow,
)
from objectives.portraits.reader import Reader
from objectives.results.blocks import show_blocks
from objectives.shapes.history import (
    ContextWindow,
    ContextWindowData,
    ContextWindowInfo,
    EventInfo,
    FeedbackData,
    FeedbackInfo,
    ObjectiveEvent,
    ObjectiveFeedback,
    QueuedAction,
)
from objectives.shapes.metadata import BareMetadata, OperationMetadata
from objectives.spelling import Json, Prefix, read, spell


def show_events(
    objective: Objective, rows: Sequence[RunEvent], *, reader: Reader, now: datetime, with_info: bool
) -> list[ObjectiveEvent]:
    """These events of one objective, in this order."""
    about = reader.operation(objective, Prefix.OBJECTIVE)
    infos: dict[int, EventInfo] = {}
    if with_info:
        causes = {row.seq: _cause(objective, row) for row in rows}
        profiles = reader.profiles(causes.values())
        infos = {seq: EventInfo(created_by=profiles[cause], objective=about) for seq, cause in causes.items()}
    return [_event(row, about, reader, now, info=infos.get(row.seq)) for row in rows]


def show_windows(
    objective: Objective, rows: Sequence[WindowRow], *, reader: Reader, with_info: bool
) -> list[ContextWindow]:
    """These windows of one objective, in this order."""
    profiles = reader.profiles(row.created_by_id for row in rows) if with_info else {}
    about = reader.operation(objective, Prefix.OBJECTIVE)
    return [
        ContextWindow(
            metadata=reader.operation(row, Prefix.WINDOW),
            data=window_data(row),
            info=ContextWindowInfo(objective=about, created_by=profiles[row.created_by_id])
            if with_info
            else None,
        )
        for row in rows
    ]


def window_data(row: WindowRow) -> ContextWindowData:
    return ContextWindowData(
        objective_id=spell(Prefix.OBJECTIVE, row.objective_id),
        sequence=row.sequence,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        previous_window_continue_instructions=row.continue_instructions,
    )


def show_actions(rows: Sequence[ActionRow], *, reader: Reader) -> list[QueuedAction]:
    """These queued actions, in this order."""
    return [QueuedAction(**action_fields(row, reader=reader)) for row in rows]


def action_fields(row: ActionRow, *, reader: Reader) -> dict[str, Any]:
    """What a queued action's shape is made of."""
    return {
        "metadata": reader.operation(row, Prefix.QUEUED_ACTION),
        "objective_id": spell(Prefix.OBJECTIVE, row.objective_id),
        "data": _action_data(row),
        "state": f"STATE_{row.state.upper()}",
        "sent_at": row.sent_at,
        "objective_event_id": spell(Prefix.EVENT, row.event_id) if row.event_id else None,
    }


def show_feedback(rows: Sequence[FeedbackRow], *, reader: Reader) -> list[ObjectiveFeedback]:
    """These pieces of feedback (with `variation` at hand), in this order."""
    profiles = reader.profiles(row.created_by_id for row in rows)
    return [
        ObjectiveFeedback(
            metadata=reader.operation(row, Prefix.FEEDBACK),
            data=FeedbackData(score=row.score, comment=row.comment),
            info=FeedbackInfo(
                submitted_by=profiles[row.created_by_id],
                objective=BareMetadata(id=spell(Prefix.OBJECTIVE, row.objective_id)),
                agent_variation=BareMetadata(
                    id=spell(Prefix.VARIATION, row.variation.id), name=row.variation.name
                )
                if row.variation
                else None,
            ),
        )
        for row in rows
    ]


def _event(
    row: RunEvent, about: OperationMetadata, reader: Reader, now: datetime, *, info: EventInfo | None
) -> ObjectiveEvent:
    shown = dict(row.data)
    metadata = OperationMetadata(
        id=spell(Prefix.EVENT, row.event_id),
        account_id=about.account_id,
        workspace_id=about.workspace_id,
        profile_id=shown.pop("profileId", about.profile_id),
        created_at=row.at,
    )
    return ObjectiveEvent(
        metadata=metadata,
        context_window_id=shown.pop("contextWindowId", ""),
        started_at=shown.pop("startedAt", None),
        duration=shown.pop("duration", None),
        data=_payload(shown, reader, now),
        info=info,
    )


def _payload(data: Json, reader: Reader, now: datetime) -> Json:
    kind = data["type"]
    if kind == "toolResult":
        content = show_blocks(data[kind]["result"]["content"], base_url=reader.base_url, now=now)
        return {"type": kind, kind: {**data[kind], "result": {"content": content}}}
    if kind == "stateChanged":
        states = {key: reader.dialect.state(data[kind][key]) for key in ("fromState", "toState")}
        return {"type": kind, kind: {**data[kind], **states}}
    return data


def _cause(objective: Objective, row: RunEvent) -> uuid.UUID:
    text = row.data.get("profileId")
    return (read(Prefix.PROFILE, text) if text else None) or objective.created_by_id


def _action_data(row: ActionRow) -> Json:
    if row.kind == ActionKind.USER_MESSAGE:
        return {"type": "userMessage", "userMessage": {"content": row.content}}
    config = {"compactionConfig": row.compaction} if row.compaction else {}
    return {"type": "compaction", "compaction": config}
