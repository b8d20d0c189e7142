"""Reading an objective for a change: head first, then row, then its calls."""

import uuid

from executions.models import RunHead
from executions.runlog.events import locked_head
from objectives.models import Objective, ToolCall
from spaces.errors import NotFound


def locked_objective(objective_id: uuid.UUID, space_id: uuid.UUID | None = None) -> tuple[RunHead, Objective]:
    """Head and row, locked in that order until the caller's transaction ends.

    `space_id` None is for workers and the sweeper, which stand outside all spaces. Raises NotFound.
    """
    try:
        head = locked_head(objective_id, space_id)
        return head, Objective.objects.select_for_update(no_key=True).get(pk=objective_id)
    except (RunHead.DoesNotExist, Objective.DoesNotExist) as missing:
        raise NotFound from missing


def locked_call(objective: Objective, call_id: uuid.UUID) -> ToolCall:
    """A tool call of a locked objective, locked too, with its step; raises NotFound."""
    # What a model was sent and said may be megabytes.
    calls = ToolCall.objects.select_related("step").defer("step__request", "step__response")
    calls = calls.select_for_update(no_key=True, of=("self",))
    call = calls.filter(pk=call_id, objective=objective).first()
    if call is None:
        raise NotFound
    call.objective = objective
    return call
