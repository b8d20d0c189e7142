"""The function that reads on in results which were too long to be read at once."""

import uuid
from datetime import datetime
from typing import Final

from objectives.ids import Json
from objectives.models import CallKind, Objective
from objectives.planning.plan import Offered, Plan
from objectives.planning.plan_builder import with_functions
from objectives.planning.tool_snapshots import provided_metadata, tool_snapshot
from objectives.tool_results.long_texts import most_inline
from spaces.models import Space

READ_RESULT: Final = "read_result"
FRAME: Final = 200  # characters of a result of it that are not of what is read

_TOOL_ID: Final = uuid.UUID("01930000-0000-7000-8000-00000000f1d6")  # of the same tool everywhere
_DESCRIPTION: Final = (
    "Reads more of a result of an earlier tool call that was too long to be shown whole: from an offset "
    "on, or the places that hold a text."
)


def offer_reading(objective: Objective) -> str:
    """Offer a locked objective to read on from its next step on; the function's name. May be repeated."""
    plan = Plan.read(objective.plan)
    known = next((one for one in plan.offered if one.ref == READ_RESULT), None)
    if known is not None:
        return known.function
    larger = with_functions(plan, [_reading(objective, plan)])
    objective.plan = larger.stored()
    objective.save(update_fields=["plan"])
    return larger.offered[-1].function


def _reading(objective: Objective, plan: Plan) -> Offered:
    most = most_inline(plan.context_tokens) - FRAME
    parameters = _parameters(most)
    metadata = _metadata(objective, created_at=objective.created_at)
    return Offered(
        function=READ_RESULT,
        kind=CallKind.READING,
        ref=READ_RESULT,
        description=_DESCRIPTION,
        parameters=parameters,
        metadata=metadata,
        snapshot=tool_snapshot(metadata, _DESCRIPTION, parameters, requires_approval=False),
        is_safe_to_repeat=True,
        config={"most": most},
    )


def _metadata(objective: Objective, *, created_at: datetime) -> Json:
    tenant_id = Space.objects.values_list("tenant_id", flat=True).get(pk=objective.space_id)
    return provided_metadata(
        READ_RESULT, _TOOL_ID, space_id=objective.space_id, tenant_id=tenant_id, created_at=created_at
    )


def _parameters(most: int) -> Json:
    whole_number = {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "properties": {
            "tool_call_id": {"type": "string", "description": "Whose result, as the mark in it says."},
            "offset": {**whole_number, "description": "The first character to read; 0 unless told."},
            "length": {
                "type": "integer",
                "minimum": 1,
                "maximum": most,
                "description": f"How many characters; {most} unless told.",
            },
            "search": {
                "type": "string",
                "minLength": 1,
                "maxLength": 500,
                "description": "Instead of reading on: a text to be looked for, from the offset on.",
            },
            "block": {**whole_number, "description": "Which block of the result, where its mark says one."},
        },
        "required": ["tool_call_id"],
        "additionalProperties": False,
    }
