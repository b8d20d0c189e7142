"""Windows, queued actions and feedback of an objective as the API shows them, in few queries for many."""

from collections.abc import Sequence
from typing import Any

from objectives.ids import Json, Prefix, spell
from objectives.models import (
    ActionKind,
    ContextWindow as WindowRow,
    Feedback as FeedbackRow,
    Objective,
    QueuedAction as ActionRow,
)
from objectives.representations.reader import Reader
from objectives.schemas.history import (
    ContextWindow,
    ContextWindowData,
    ContextWindowInfo,
    FeedbackData,
    FeedbackInfo,
    ObjectiveFeedback,
    QueuedAction,
)
from objectives.schemas.metadata import BareMetadata


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


def _action_data(row: ActionRow) -> Json:
    if row.kind == ActionKind.USER_MESSAGE:
        return {"type": "userMessage", "userMessage": {"content": row.content}}
    config = {"compactionConfig": row.compaction} if row.compaction else {}
    return {"type": "compaction", "compaction": config}
