"""What waits for people: tool calls to be decided or answered, oldest first."""

import uuid

from django.db.models import QuerySet

from objectives.models import WAITS_FOR_PEOPLE, ToolCall


def waiting_calls(space_id: uuid.UUID | None = None) -> QuerySet[ToolCall]:
    """The calls that wait, in a space or (None) in all of them; unordered.

    Served by the index `call_waiting`, which holds nothing else.
    """
    rows = ToolCall.objects.filter(WAITS_FOR_PEOPLE)
    return rows if space_id is None else rows.filter(space_id=space_id)
