"""What an execution and a tool call lie in, by which tickets are held against them."""

import uuid

from executions.models import SkillExecution, Source
from executions.runs.live.registry import lineage_of_made
from spaces.ticket_scopes import TicketKind, TicketSubject


def lineage_of_execution(execution_id: uuid.UUID) -> list[TicketSubject]:
    """The execution, those that called it, the tool call that all began with, and their space.

    Empty where there is no such execution.
    """
    places: list[TicketSubject] = []
    row = _row(execution_id)
    while row is not None:
        places.append(TicketSubject(TicketKind.EXECUTION, str(row.pk)))
        if row.parent_id is None:
            return [*places, *_beginning(row)]
        row = _row(row.parent_id)
    return []


def lineage_of_call(space_id: uuid.UUID, tool_call_id: str, thread_id: str | None) -> list[TicketSubject]:
    """A tool call, what makes it where that is one of our own runs, and its space."""
    call = TicketSubject(TicketKind.TOOL_CALL, tool_call_id, thread_id)
    return [call, *lineage_of_made(space_id, tool_call_id), TicketSubject(TicketKind.SPACE, str(space_id))]


def _row(execution_id: uuid.UUID) -> SkillExecution | None:
    columns = ("parent_id", "space_id", "source", "chat_tool_call_id", "chat_thread_id")
    return SkillExecution.objects.filter(pk=execution_id).only(*columns).first()


def _beginning(root: SkillExecution) -> list[TicketSubject]:
    """What an execution lies in that no other one called."""
    call_id, thread_id = root.chat_tool_call_id, root.chat_thread_id
    if call_id is None:
        return [TicketSubject(TicketKind.SPACE, str(root.space_id))]
    if root.source == Source.OBJECTIVE:
        return lineage_of_call(root.space_id, call_id, thread_id)
    # A chat outside writes its own ids: one that looks like ours makes nothing of it.
    return [
        TicketSubject(TicketKind.TOOL_CALL, call_id, thread_id),
        TicketSubject(TicketKind.SPACE, str(root.space_id)),
    ]
