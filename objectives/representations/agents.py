"""Agents and their variations as the API shows them, read for many at once in a fixed number of queries."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from objectives.ids import Prefix
from objectives.models import (
    Agent,
    AgentVariation,
    Assignment,
    LanguageModel,
    Tool,
    ToolSetState,
    ToolState,
)
from objectives.planning.functions import assigned_to
from objectives.representations.selectors import Profiles, profiles_of
from objectives.schemas.agents import AgentInfo, AgentSchema
from objectives.schemas.assignments import as_before, named
from objectives.schemas.metadata import ResourceMetadata
from objectives.schemas.variations import AgentVariationSchema, VariationInfo
from spaces.prepared_sql import fetch_rows

type Assigned = Mapping[uuid.UUID, list[Assignment]]

_FEEDBACK = """
SELECT variation_id, avg(score), count(*) FROM objectives_feedback
 WHERE variation_id = ANY(%s) GROUP BY variation_id
"""
_VARIATIONS = (
    "SELECT agent_id, count(*) FROM objectives_agentvariation WHERE agent_id = ANY(%s) GROUP BY agent_id"
)


def show_agents(
    rows: Sequence[Agent], *, tenant_id: uuid.UUID, profiles: Profiles | None = None
) -> list[AgentSchema]:
    """These agents, in this order; `rows` are all of one account, `profiles` of who made them, if known."""
    counts: dict[uuid.UUID, int] = dict(fetch_rows(_VARIATIONS, [[row.id for row in rows]]))
    profiles = profiles or profiles_of((row.created_by_id for row in rows), tenant_id=tenant_id)
    infos = [
        AgentInfo(variation_count=counts.get(row.id, 0), created_by=profiles[row.created_by_id])
        for row in rows
    ]
    return [AgentSchema.of(row, info, tenant_id=tenant_id) for row, info in zip(rows, infos, strict=True)]


def show_variations(
    rows: Sequence[AgentVariation],
    *,
    tenant_id: uuid.UUID,
    assigned: Assigned | None = None,
    profiles: Profiles | None = None,
) -> list[AgentVariationSchema]:
    """These variations with what they may call, in this order; `rows` are all of one account.

    `assigned` and `profiles` are what they may call and who made them, where the caller knows that already.
    """
    assigned = assigned_to(rows) if assigned is None else assigned
    tools = _tools_of_sets(assigned)
    feedback = {key: found for key, *found in fetch_rows(_FEEDBACK, [[row.id for row in rows]])}
    profiles = profiles or profiles_of((row.created_by_id for row in rows), tenant_id=tenant_id)
    chosen = {row.model_id for row in rows if row.model_id}
    models = LanguageModel.objects.in_bulk(chosen) if chosen else {}
    shown = []
    for row in rows:
        score, feedback_count = feedback.get(row.id, (0.0, 0))
        model = models[row.model_id] if row.model_id else None
        rights = assigned[row.id]
        info = VariationInfo(
            tool_count=sum(one.tool_id is not None for one in rights),
            tool_set_count=sum(one.tool_set_id is not None for one in rights),
            sub_agent_count=sum(one.sub_agent_id is not None for one in rights),
            effective_tool_count=len(_effective(rights, tools)),
            score=score,
            feedback_count=feedback_count,
            assignment_metadata={meta.id: meta for meta in map(named, rights)},
            assignments=[as_before(one) for one in rights],
            created_by=profiles[row.created_by_id],
            model=ResourceMetadata.of(model, Prefix.MODEL, tenant_id=tenant_id) if model else None,
        )
        shown.append(AgentVariationSchema.of(row, rights, info, tenant_id=tenant_id))
    return shown


def _tools_of_sets(assigned: Assigned) -> dict[uuid.UUID, set[uuid.UUID]]:
    """The tools that each assigned set offers at present."""
    sets = {one.tool_set_id for several in assigned.values() for one in several if one.tool_set_id}
    if not sets:
        return {}
    offered = Tool.objects.filter(
        tool_set__in=sets, state=ToolState.AVAILABLE, tool_set__state=ToolSetState.ACTIVE
    )
    tools: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for set_id, tool_id in offered.values_list("tool_set_id", "id"):
        tools[set_id].add(tool_id)
    return tools


def _effective(assigned: Iterable[Assignment], tools: dict[uuid.UUID, set[uuid.UUID]]) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    for one in assigned:
        if one.tool_set_id is not None:
            found |= tools[one.tool_set_id]
        elif (
            (tool := one.tool)
            and tool.state == ToolState.AVAILABLE
            and tool.tool_set.state == ToolSetState.ACTIVE
        ):
            found.add(tool.id)
    return found
