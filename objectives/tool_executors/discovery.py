"""Carrying out a search for tools: what is found is the objective's from its next step on."""

import json
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from objectives.ids import Json
from objectives.models import CallKind, Objective, Tool, ToolCall
from objectives.planning.discovery import MOST_OFFERED, found_tools
from objectives.planning.functions import offered_tool
from objectives.planning.plan import Offered, Plan
from objectives.planning.plan_builder import with_functions
from objectives.tool_results.outcome import Outcome, Started, Text
from spaces.errors import DomainError
from spaces.models import Space

logger = logging.getLogger(__name__)

MOST_SECONDS = 2.0  # of looking for the patterns of overlays: the objective is locked meanwhile
NOTHING = "No further tool matches these words. Try others."
FULL = "The limit of tools is reached."


def discover(call: ToolCall, offered: Offered, *, now: datetime) -> Started:  # noqa: ARG001 - as others start
    """Look for tools for a locked call and add them to the plan of its objective, which is locked too.

    Part of the caller's transaction: the plan has the tools exactly when the call has its result. They are
    offered as any tool of the plan is, with its approvals, secrets, overlays and pinned parameters.
    """
    objective = call.objective
    plan = Plan.read(objective.plan)
    most = min(int(offered.config["maxTools"]), MOST_OFFERED - len(plan.offered))
    if most <= 0:
        return Started(outcome=_outcome([], FULL))
    tools = found_tools(
        objective.space_id,
        str(call.arguments.get("query", "")),
        offered.config["hints"],
        known={one.ref for one in plan.offered if one.kind == CallKind.TOOL},
        most=most,
    )
    larger = with_functions(plan, list(_usable(tools, objective)))
    objective.plan = larger.stored()
    objective.save(update_fields=["plan"])
    return Started(outcome=_outcome(larger.offered[len(plan.offered) :], NOTHING))


def _usable(tools: Iterable[Tool], objective: Objective) -> Iterable[Offered]:
    tenant_id = Space.objects.values_list("tenant_id", flat=True).get(pk=objective.space_id)
    until = time.monotonic() + MOST_SECONDS
    for tool in tools:
        try:
            yield offered_tool(tool, objective.pinned_parameters, tenant_id, until=until)
        except DomainError as error:
            # An objective whose plan has such a tool from the beginning cannot be made at all.
            logger.warning("The tool %s cannot be offered: %s", tool.id, error.message)


def _outcome(found: Sequence[Offered], otherwise: str) -> Outcome:
    tools: list[Json] = [
        {"name": one.function, "description": one.description, "parameters": one.parameters} for one in found
    ]
    told: Json = {"tools": tools} if tools else {"tools": [], "note": otherwise}
    return Outcome([Text(json.dumps(told, ensure_ascii=False))])
