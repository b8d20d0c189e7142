"""What objectives and their tool calls lie in, by which tickets are held against them."""

import uuid

from objectives.ids import Prefix, read, spell
from objectives.models import Objective, ToolCall
from spaces.ticket_scopes import TicketKind, TicketSubject


def lineage_of_objective(objective_id: uuid.UUID) -> list[TicketSubject]:
    """The objective, the calls and the objectives that it was started by, and their space.

    Empty where there is no such objective.
    """
    places: list[TicketSubject] = []
    row = _row(objective_id)
    while row is not None:
        places.append(TicketSubject(TicketKind.OBJECTIVE, str(row.pk)))
        if row.parent_id is None:
            return [*places, TicketSubject(TicketKind.SPACE, str(row.space_id))]
        begun_by = ToolCall.objects.filter(run_id=row.pk, objective_id=row.parent_id)
        places += [place_of_call(call_id, row.parent_id) for call_id in begun_by.values_list("pk", flat=True)]
        row = _row(row.parent_id)
    return []


def lineage_of_call(call_id: uuid.UUID) -> list[TicketSubject]:
    """A tool call of an objective, and all that the objective lies in; empty where there is no such call."""
    objective_id = ToolCall.objects.filter(pk=call_id).values_list("objective_id", flat=True).first()
    if objective_id is None:
        return []
    return [place_of_call(call_id, objective_id), *lineage_of_objective(objective_id)]


def lineage_of_made(space_id: uuid.UUID, tool_call_id: str) -> list[TicketSubject]:
    """The same by the id under which executions carry it; empty for an id that is none of ours there."""
    call_id = read(Prefix.TOOL_CALL, tool_call_id)
    if call_id is None or not ToolCall.objects.filter(pk=call_id, space_id=space_id).exists():
        return []
    return lineage_of_call(call_id)


def place_of_call(call_id: uuid.UUID, objective_id: uuid.UUID) -> TicketSubject:
    """As the execution that carries it out is called: the objective is its thread."""
    return TicketSubject(
        TicketKind.TOOL_CALL, spell(Prefix.TOOL_CALL, call_id), spell(Prefix.OBJECTIVE, objective_id)
    )


def _row(objective_id: uuid.UUID) -> Objective | None:
    return Objective.objects.filter(pk=objective_id).only("parent_id", "space_id").first()
