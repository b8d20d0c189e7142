"""Writing down a new objective's plan: what its variation may call, and how it is run."""

import math
import re
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from django.db.models import Q

from executions.catalog.manifest import Manifest
from executions.catalog.resolving import manifest_of, newest_version
from executions.models import SkillVersion
from objectives.labels.tools import read_tool_labels
from objectives.labels.variations import skills_wanted
from objectives.models import (
    AdapterKind,
    Agent,
    AgentState,
    AgentVariation,
    CallKind,
    Tool,
    ToolSetState,
    ToolState,
)
from objectives.overlays.parameters import seen_parameters
from objectives.overlays.rows import MOST_SECONDS, auto_mode_of, overlays_of
from objectives.planning.discovery import discovering
from objectives.planning.plan import Offered, Plan
from objectives.planning.snapshots import tool_snapshot
from objectives.shapes.metadata import ResourceMetadata
from objectives.spelling import Json, Prefix, spell
from spaces.system import SYSTEM_ID, system_principal

TASK = {
    "type": "object",
    "properties": {
        "task": {"type": "string", "description": "What it is to do, with all that it must know."}
    },
    "required": ["task"],
    "additionalProperties": False,
}
SKILL_FILES = "uploaded_files"
_FILES = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Names of uploaded files to work on.",
}


_SETTINGS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop_sequences",
    "maxOutputTokens": "max_tokens",
}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


def build_plan(
    agent: Agent, variation: AgentVariation, *, pinned: Mapping[str, str], demo: Any, tenant_id: uuid.UUID
) -> Plan:
    """The plan of an objective that is made now; `demo` is the script found in the system prompt.

    Raises NotReady where it takes too long to tell which overlays apply to its tools.
    """
    until = time.monotonic() + MOST_SECONDS
    offered = [
        *(offered_tool(tool, pinned, tenant_id, until=until) for tool in effective_tools(variation)),
        *_sub_agents(variation, tenant_id),
        *_skills(variation, tenant_id),
        *discovering(variation, tenant_id),
    ]
    model = variation.model
    return Plan(
        model_id=str(model.id) if model else None,
        settings=model_settings(variation.settings),
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


def effective_tools(variation: AgentVariation) -> list[Tool]:
    """The tools that a variation may call now: those assigned, and those of assigned sets."""
    assigned = Q(assignments__variation=variation) | Q(tool_set__assignments__variation=variation)
    usable = Tool.objects.filter(assigned, state=ToolState.AVAILABLE, tool_set__state=ToolSetState.ACTIVE)
    return list(usable.select_related("tool_set").distinct().order_by("function_name", "created_at", "id"))


def offered_tool(
    tool: Tool, pinned: Mapping[str, str], tenant_id: uuid.UUID, *, until: float = math.inf
) -> Offered:
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
        parameters=seen_parameters(without_pinned(tool.parameters, pinned), overlays, pinned),
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


def _sub_agents(variation: AgentVariation, tenant_id: uuid.UUID) -> Iterable[Offered]:
    callable_agents = Agent.objects.filter(callers__variation=variation, state=AgentState.PUBLISHED).order_by(
        "name", "id"
    )
    for agent in callable_agents:
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


def _skills(variation: AgentVariation, tenant_id: uuid.UUID) -> Iterable[Offered]:
    for slug, requires_approval in skills_wanted(variation.labels).items():
        version = newest_version(tenant_id, slug)
        if version is None:
            continue  # the label outlives the skill
        manifest = manifest_of(version)
        metadata = _skill_metadata(version, variation, tenant_id)
        parameters = _skill_parameters(manifest)
        yield Offered(
            function=slug,
            kind=CallKind.SKILL,
            ref=slug,
            description=manifest.description,
            parameters=parameters,
            metadata=metadata,
            snapshot=tool_snapshot(
                metadata, manifest.description, parameters, requires_approval=requires_approval
            ),
            requires_approval=requires_approval,
            is_safe_to_repeat=True,
        )


def _skill_metadata(version: SkillVersion, variation: AgentVariation, tenant_id: uuid.UUID) -> Json:
    system_principal()  # the profile that the metadata names exists
    return ResourceMetadata(
        id=spell(Prefix.TOOL, version.skill_id),
        account_id=spell(Prefix.ACCOUNT, tenant_id),
        workspace_id=spell(Prefix.WORKSPACE, variation.space_id),
        name=version.skill.slug,
        profile_id=spell(Prefix.PROFILE, SYSTEM_ID),
        created_at=version.created_at,
    ).wire()


def _skill_parameters(manifest: Manifest) -> Json:
    """The skill's inputs, and beside them the files that it is to work on."""
    schema: Json = deepcopy(dict(manifest.inputs_schema))
    properties = {**schema.get("properties", {}), SKILL_FILES: _FILES}
    return {"type": "object", **schema, "properties": properties}


def without_pinned(parameters: Json, pinned: Mapping[str, str]) -> Json:
    """A schema in which the pinned parameters do not appear: they are forced in when the call is made."""
    if not pinned:
        return parameters
    properties = {key: part for key, part in parameters.get("properties", {}).items() if key not in pinned}
    required = [key for key in parameters.get("required", []) if key not in pinned]
    return {**parameters, "properties": properties, "required": required}


def _distinct(offered: list[Offered]) -> Iterable[Offered]:
    """Functions have distinct names of the form that providers take; a second of a name gets a number."""
    taken: set[str] = set()
    for one in offered:
        name = base = function_name(one.function)
        number = 2
        while name in taken:
            name = f"{base[:58]}_{number}"
            number += 1
        taken.add(name)
        yield Offered(**{**one.__dict__, "function": name})


def function_name(name: str) -> str:
    """A name that every provider takes: letters, digits, `_` and `-`, at most 64."""
    return _NOT_IN_NAMES.sub("_", name)[:64] or "tool"


def model_settings(settings: Mapping[str, Any]) -> Json:
    """The model library's request settings for what the API calls them."""
    found = {_SETTINGS[key]: value for key, value in settings.items() if key in _SETTINGS}
    effort = str(settings.get("reasoningEffort", "")).removeprefix("REASONING_EFFORT_").lower()
    if effort in {"none", "low", "medium", "high"}:
        found["thinking"] = effort if effort != "none" else False
    return found
