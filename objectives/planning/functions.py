"""What a variation may call now, each thing as a function that models are offered."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from objectives.ids import Json, Prefix, spell
from objectives.models import (
    AdapterKind,
    Agent,
    AgentState,
    AgentVariation,
    Assignment,
    CallKind,
    Tool,
    ToolSetState,
    ToolState,
)
from objectives.overlays.parameters import seen_parameters
from objectives.overlays.rows import auto_mode_of, overlays_of
from objectives.planning.plan import Offered
from objectives.planning.tool_snapshots import tool_snapshot
from objectives.schemas.metadata import ResourceMetadata
from objectives.validation.labels import read_tool_labels

TASK = {
    "type": "object",
    "properties": {
        "task": {"type": "string", "description": "What it is to do, with all that it must know."}
    },
    "required": ["task"],
    "additionalProperties": False,
}


def assigned_to(variations: Iterable[AgentVariation]) -> Mapping[uuid.UUID, list[Assignment]]:
    """What each variation may call, in the order in which it was assigned; an empty list for nothing."""
    assigned = defaultdict[uuid.UUID, list[Assignment]](list)
    found = Assignment.objects.filter(variation__in=variations).select_related("tool__tool_set", "sub_agent")
    for one in found.select_related("tool_set").order_by("created_at", "id"):
        assigned[one.variation_id].append(one)
    return assigned


def effective_tools(assigned: Sequence[Assignment]) -> list[Tool]:
    """The tools that may be called now: those assigned, and those of assigned sets."""
    sets = [one.tool_set_id for one in assigned if one.tool_set_id]
    tools = [one.tool_id for one in assigned if one.tool_id]
    if not sets and not tools:
        return []
    usable = Tool.objects.filter(
        Q(pk__in=tools) | Q(tool_set__in=sets), state=ToolState.AVAILABLE, tool_set__state=ToolSetState.ACTIVE
    )
    return list(usable.select_related("tool_set").order_by("function_name", "created_at", "id"))


def offered_tool(tool: Tool, pinned: Mapping[str, str], tenant_id: uuid.UUID, *, until: float) -> Offered:
    """A tool, read with its set, as an objective with these pinned parameters offers it.

    Raises NotReady where it is not known at `until` (monotonic) which overlays apply to it.
    """
    tool_set, rules = tool.tool_set, read_tool_labels(tool.labels)
    metadata = ResourceMetadata.of(tool, Prefix.TOOL, tenant_id=tenant_id).wire()
    reads_only = tool.config.get("requestMethod", "GET") in {"GET", "HEAD"}
    is_safe = tool_set.adapter == AdapterKind.HTTP and reads_only
    overlays = overlays_of(tool, tool_set, until=until)
    auto_mode = auto_mode_of(overlays)
    return Offered(
        function=tool.function_name,
        kind=CallKind.TOOL,
        ref=str(tool.id),
        description=tool.description,
        parameters=seen_parameters(_without_pinned(tool.parameters, pinned), overlays, pinned),
        metadata=metadata,
        snapshot=tool_snapshot(
            metadata,
            tool.description,
            tool.parameters,
            requires_approval=tool.requires_approval,
            config={"type": tool_set.adapter, tool_set.adapter: tool.config},
            function=tool.function_name,
        ),
        requires_approval=tool.requires_approval or auto_mode is not None,
        is_safe_to_repeat=is_safe if rules.is_safe_to_repeat is None else rules.is_safe_to_repeat,
        approval_expires_seconds=rules.approval_expires_seconds,
        approval_default=rules.approval_default,
        adapter=tool_set.adapter,
        tool_set_id=str(tool_set.id),
        tool_set={"id": spell(Prefix.TOOL_SET, tool_set.id), "name": tool_set.name},
        base_url=tool_set.base_url,
        headers=tool_set.headers,
        config=tool.config,
        content_seconds=tool_set.content_seconds,
        overlays=overlays,
        auto_mode=auto_mode,
    )


def offered_agents(assigned: Sequence[Assignment], tenant_id: uuid.UUID) -> Iterable[Offered]:
    """The published agents that may be handed a task."""
    agents = [one.sub_agent_id for one in assigned if one.sub_agent_id]
    if not agents:
        return
    for agent in Agent.objects.filter(pk__in=agents, state=AgentState.PUBLISHED).order_by("name", "id"):
        metadata = ResourceMetadata.of(agent, Prefix.AGENT, tenant_id=tenant_id).wire()
        description = agent.description or f"Hands a task to the agent {agent.name}."
        yield Offered(
            function=agent.name,
            kind=CallKind.AGENT,
            ref=str(agent.id),
            description=description,
            parameters=TASK,
            metadata=metadata,
            snapshot=tool_snapshot(metadata, description, TASK, requires_approval=False),
            is_safe_to_repeat=True,
        )


def _without_pinned(parameters: Json, pinned: Mapping[str, str]) -> Json:
    """A schema in which the pinned parameters do not appear: they are forced in when the call is made."""
    if not pinned:
        return parameters
    properties = {key: part for key, part in parameters.get("properties", {}).items() if key not in pinned}
    required = [key for key in parameters.get("required", []) if key not in pinned]
    return {**parameters, "properties": properties, "required": required}
