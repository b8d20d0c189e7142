"""What waits for people: tool calls to be decided or answered, oldest first."""

import uuid

from django.db.models import QuerySet

from objectives.models import WAITS_FOR_PEOPLE, ToolCall

# Of an objective only what says whose call it is: its snapshots and texts may be long.
UNREAD = ("agent_snapshot", "variation_snapshot", "system_prompt", "system_prompt_data")


def waiting_calls(space_id: uuid.UUID | None = None) -> QuerySet[ToolCall]:
    """The calls that wait, with their objectives, in a space or (None) in all of them; unordered.

    Served by the index `call_waiting`, which holds nothing else.
    """
    rows = ToolCall.objects.filter(WAITS_FOR_PEOPLE).select_related("objective")
    rows = rows.defer(*(f"objective__{name}" for name in UNREAD))
    return rows if space_id is None else rows.filter(space_id=space_id)
