"""Giving a tool call its result, whatever it came from."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from executions.runs.log import NewEvent
from objectives.lifecycles.calls import complete
from objectives.models import Objective, ToolCall
from objectives.planning.plan import Plan
from objectives.planning.read_result import offer_reading
from objectives.tool_results.blocks import store_blocks
from objectives.tool_results.long_texts import LEAST, keep_whole, most_inline
from objectives.tool_results.outcome import Cut, Draft, Text


def kept_whole(drafts: Sequence[Draft], objective_id: uuid.UUID, *, now: datetime) -> Sequence[Draft]:
    """The drafts, of which texts that are too long for an objective's model are cut, their bytes stored.

    For outside of transactions, where that can be.
    """
    if sum(len(draft.text) for draft in drafts if isinstance(draft, Text)) <= LEAST:
        return drafts
    plan = Objective.objects.filter(pk=objective_id).values_list("plan", flat=True).first()
    tokens = 0 if plan is None else Plan.read(plan).context_tokens
    return keep_whole(drafts, most_inline(tokens), now=now)


def complete_with(call: ToolCall, drafts: Sequence[Draft], *, now: datetime) -> NewEvent:
    """Give a locked call its content; the event that says so, for the caller to append.

    Its objective is locked too: where something was cut, the model is offered to read on in it.
    """
    is_cut = any(isinstance(draft, Cut) for draft in drafts)
    reader = offer_reading(call.objective) if is_cut else ""
    return complete(call, store_blocks(call, drafts, reader=reader), now=now)
