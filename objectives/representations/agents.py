"""Agents and their variations as the API shows them, read for many at once in a fixed number of queries."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Avg, Count

from objectives.ids import Prefix
from objectives.models import (
    Agent,
    AgentVariation,
    Assignment,
    Feedback,
    LanguageModel,
    Tool,
    ToolSetState,
    ToolState,
)
from objectives.representations.selectors import people_of
from objectives.schemas.agents import AgentInfo, AgentSchema
from objectives.schemas.assignments import as_before, named
from objectives.schemas.metadata import Profile, ResourceMetadata
from objectives.schemas.variations import AgentVariationSchema, VariationInfo
from spaces.prepared_sql import fetch_rows

type Profiles = dict[uuid.UUID, Profile]
type Assigned = dict[uuid.UUID, list[Assignment]]

_VARIATIONS = (
    "SELECT agent_id, count(*) FROM objectives_agentvariation WHERE agent_id = ANY(%s) GROUP BY agent_id"
)


def show_agents(rows: Sequence[Agent], *, tenant_id: uuid.UUID) -> list[AgentSchema]:
    """These agents, in this order; `rows` are all of one account."""
    counts: dict[uuid.UUID, int] = dict(fetch_rows(_VARIATIONS, [[row.id for row in rows]]))
    profiles = profiles_of((row.created_by_id for row in rows), tenant_id=tenant_id)
    infos = [
        AgentInfo(variation_count=counts.get(row.id, 0), created_by=profiles[row.created_by_id])
        for row in rows
    ]
    return [AgentSchema.of(row, info, tenant_id=tenant_id) for row, info in zip(rows, infos, strict=True)]


def show_variations(rows: Sequence[AgentVariation], *, tenant_id: uuid.UUID) -> list[AgentVariationSchema]:
    """These variations with what they may call, in this order; `rows` are all of one account."""
    assigned = _assigned(rows)
    tools = _tools_of_sets(assigned)
    feedback = _feedback(rows)
    profiles = profiles_of((row.created_by_id for row in rows), tenant_id=tenant_id)
    models = LanguageModel.objects.in_bulk([row.model_id for row in rows if row.model_id])
    shown = []
    for row in rows:
        score, feedback_count = feedback.get(row.id, (0.0, 0))
        model = models[row.model_id] if row.model_id else None
        info = VariationInfo(
            tool_count=_count(assigned[row.id], "tool_id"),
            tool_set_count=_count(assigned[row.id], "tool_set_id"),
            sub_agent_count=_count(assigned[row.id], "sub_agent_id"),
            effective_tool_count=len(_effective(assigned[row.id], tools)),
            score=score,
            feedback_count=feedback_count,
            assignment_metadata={meta.id: meta for meta in map(named, assigned[row.id])},
            assignments=[as_before(one) for one in assigned[row.id]],
            created_by=profiles[row.created_by_id],
            model=ResourceMetadata.of(model, Prefix.MODEL, tenant_id=tenant_id) if model else None,
        )
        shown.append(AgentVariationSchema.of(row, assigned[row.id], info, tenant_id=tenant_id))
    return shown


def profiles_of(principal_ids: Iterable[uuid.UUID], *, tenant_id: uuid.UUID) -> Profiles:
    """The profile of each of these principals, in one query."""
    people = people_of(set(principal_ids))
    return {key: Profile.of(person, tenant_id=tenant_id) for key, person in people.items()}


def _assigned(rows: Sequence[AgentVariation]) -> Assigned:
    """What each variation may call, in the order in which it was assigned."""
    assigned: Assigned = defaultdict(list)
    found = Assignment.objects.filter(variation__in=rows).select_related("tool__tool_set", "sub_agent")
    for assignment in found.select_related("tool_set").order_by("created_at", "id"):
        assigned[assignment.variation_id].append(assignment)
    return assigned


def _tools_of_sets(assigned: Assigned) -> dict[uuid.UUID, set[uuid.UUID]]:
    """The tools that each assigned set offers at present."""
    sets = {one.tool_set_id for several in assigned.values() for one in several if one.tool_set_id}
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
        elif one.tool is not None and _is_offered(one.tool):
            found.add(one.tool.id)
    return found


def _is_offered(tool: Tool) -> bool:
    return tool.state == ToolState.AVAILABLE and tool.tool_set.state == ToolSetState.ACTIVE


def _feedback(rows: Sequence[AgentVariation]) -> dict[uuid.UUID, tuple[float, int]]:
    """Mean score and number of feedback by variation."""
    given = Feedback.objects.filter(variation__in=rows).order_by().values_list("variation_id")
    found = given.annotate(mean=Avg("score"), many=Count("id"))
    return {key: (mean, many) for key, mean, many in found if key is not None}


def _count(assigned: Iterable[Assignment], column: str) -> int:
    return sum(getattr(one, column) is not None for one in assigned)
