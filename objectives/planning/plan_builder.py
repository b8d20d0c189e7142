"""Writing down a new objective's plan: what its variation may call, and how it is run."""

import re
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from objectives.ids import Json
from objectives.models import Agent, AgentVariation, Assignment
from objectives.overlays.rows import MOST_SECONDS
from objectives.planning.discovery import discovering
from objectives.planning.functions import effective_tools, offered_agents, offered_tool
from objectives.planning.plan import Offered, Plan
from objectives.planning.skills import offered_skills

_SETTINGS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop_sequences",
    "maxOutputTokens": "max_tokens",
}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


def build_plan(
    agent: Agent,
    variation: AgentVariation,
    assigned: Sequence[Assignment],
    *,
    pinned: Mapping[str, str],
    demo: Any,
    tenant_id: uuid.UUID,
) -> Plan:
    """The plan of an objective that is made now; `demo` is the script found in the system prompt.

    `assigned` is what the variation may call.

    Raises NotReady where it takes too long to tell which overlays apply to its tools.
    """
    until = time.monotonic() + MOST_SECONDS
    offered = [
        *(offered_tool(tool, pinned, tenant_id, until=until) for tool in effective_tools(assigned)),
        *offered_agents(assigned, tenant_id),
        *offered_skills(variation, tenant_id),
        *discovering(variation, tenant_id),
    ]
    model = variation.model
    return Plan(
        model_id=str(model.id) if model else None,
        settings=_model_settings(variation.settings),
        offered=tuple(_distinct(offered)),
        answer_schema=agent.output_definition or None,
        demo=demo,
        max_tool_calls=variation.max_tool_calls,
        max_sub_objectives=variation.max_sub_objectives,
        compaction=variation.compaction,
        context_tokens=model.max_input_tokens if model else 0,
    )


def with_functions(plan: Plan, more: Sequence[Offered]) -> Plan:
    """The plan with more functions, under names that none of its own has."""
    return replace(plan, offered=tuple(_distinct([*plan.offered, *more])))


def _model_settings(settings: Mapping[str, Any]) -> Json:
    """The model library's request settings for what the API calls them."""
    found = {_SETTINGS[key]: value for key, value in settings.items() if key in _SETTINGS}
    effort = str(settings.get("reasoningEffort", "")).removeprefix("REASONING_EFFORT_").lower()
    if effort in {"none", "low", "medium", "high"}:
        found["thinking"] = effort if effort != "none" else False
    return found


def _distinct(offered: list[Offered]) -> Iterable[Offered]:
    """Functions have distinct names of the form that providers take; a second of a name gets a number."""
    taken: set[str] = set()
    for one in offered:
        name = base = _function_name(one.function)
        number = 2
        while name in taken:
            name = f"{base[:58]}_{number}"
            number += 1
        taken.add(name)
        yield replace(one, function=name)


def _function_name(name: str) -> str:
    """A name that every provider takes: letters, digits, `_` and `-`, at most 64."""
    return _NOT_IN_NAMES.sub("_", name)[:64] or "tool"
