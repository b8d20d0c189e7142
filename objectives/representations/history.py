"""Windows, queued actions and feedback of an objective as the API shows them, in few queries for many."""

from collections.abc import Sequence
from typing import Any

from objectives.ids import Json, Prefix, spell
from objectives.models import (
    ActionKind,
    ContextWindow,
    Feedback,
    Objective,
    QueuedAction,
)
from objectives.representations.reader import Viewer
from objectives.schemas.history import (
    ContextWindowData,
    ContextWindowInfo,
    ContextWindowSchema,
    FeedbackData,
    FeedbackInfo,
    ObjectiveFeedback,
    QueuedActionSchema,
)
from objectives.schemas.metadata import BareMetadata, OperationMetadata


def show_windows(
    objective: Objective, rows: Sequence[ContextWindow], *, reader: Viewer, with_info: bool
) -> list[ContextWindowSchema]:
    """These windows of one objective, in this order."""
    profiles = reader.profiles(row.created_by_id for row in rows) if with_info else {}
    about = OperationMetadata.of(objective, Prefix.OBJECTIVE, tenant_id=reader.tenant_id)
    return [
        ContextWindowSchema(
            metadata=OperationMetadata.of(row, Prefix.WINDOW, tenant_id=reader.tenant_id),
            data=window_data(row),
            info=ContextWindowInfo(objective=about, created_by=profiles[row.created_by_id])
            if with_info
            else None,
        )
        for row in rows
    ]


def window_data(row: ContextWindow) -> ContextWindowData:
    return ContextWindowData(
        objective_id=spell(Prefix.OBJECTIVE, row.objective_id),
        sequence=row.sequence,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        previous_window_continue_instructions=row.continue_instructions,
    )


def show_actions(rows: Sequence[QueuedAction], *, reader: Viewer) -> list[QueuedActionSchema]:
    """These queued actions, in this order."""
    return [QueuedActionSchema(**action_fields(row, reader=reader)) for row in rows]


def action_fields(row: QueuedAction, *, reader: Viewer) -> dict[str, Any]:
    """What a queued action's shape is made of."""
    return {
        "metadata": OperationMetadata.of(row, Prefix.QUEUED_ACTION, tenant_id=reader.tenant_id),
        "objective_id": spell(Prefix.OBJECTIVE, row.objective_id),
        "data": _action_data(row),
        "state": f"STATE_{row.state.upper()}",
        "sent_at": row.sent_at,
        "objective_event_id": spell(Prefix.EVENT, row.event_id) if row.event_id else None,
    }


def show_feedback(rows: Sequence[Feedback], *, reader: Viewer) -> list[ObjectiveFeedback]:
    """These pieces of feedback (with `variation` at hand), in this order."""
    profiles = reader.profiles(row.created_by_id for row in rows)
    return [
        ObjectiveFeedback(
            metadata=OperationMetadata.of(row, Prefix.FEEDBACK, tenant_id=reader.tenant_id),
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


def _action_data(row: QueuedAction) -> Json:
    if row.kind == ActionKind.USER_MESSAGE:
        return {"type": "userMessage", "userMessage": {"content": row.content}}
    config = {"compactionConfig": row.compaction} if row.compaction else {}
    return {"type": "compaction", "compaction": config}
