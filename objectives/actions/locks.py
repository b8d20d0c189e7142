"""Reading a tool call for a change: after its objective's head and row (`executions.runs.locks`)."""

import uuid

from objectives.models import Objective, ToolCall
from spaces.errors import NotFound


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
