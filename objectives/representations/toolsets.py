"""Tool sets and their users as the API shows them, read for many at once in a fixed number of queries."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from objectives.ids import Prefix
from objectives.model_providers.selection import default_model
from objectives.models import (
    AgentVariation,
    Assignment,
    LanguageModel,
    Secret,
    Tool,
    ToolSet,
    ToolState,
)
from objectives.schemas.metadata import Profile, ResourceMetadata
from objectives.schemas.toolsets import ToolSetInfo, ToolSetSchema, ToolSetUsage
from spaces.models import Principal

_SET = Coalesce("tool_set_id", "tool__tool_set_id")  # the set that an assignment uses, whole or in part


def show_tool_sets(
    rows: Sequence[ToolSet], *, tenant_id: uuid.UUID, with_info: bool = True
) -> list[ToolSetSchema]:
    """These sets, in this order; `rows` are all of one account."""
    secrets: dict[uuid.UUID | None, list[str]] = defaultdict(list)
    named = Secret.objects.filter(tool_set__in=rows).order_by("name")
    for set_id, name in named.values_list("tool_set_id", "name"):
        secrets[set_id].append(name)
    infos = _infos(rows, tenant_id) if with_info else {}
    return [
        ToolSetSchema.of(row, tenant_id=tenant_id, secrets=secrets[row.id], info=infos.get(row.id))
        for row in rows
    ]


def uses_of(tool_set: ToolSet, tool: Tool | None) -> QuerySet[Assignment]:
    """One assignment, the first, for each variation that may call the set or one of its tools.

    With `tool`, for each that may call this one, by itself or with its set. Labels are the variation's.
    """
    uses = Q(tool_set=tool_set) | (Q(tool=tool) if tool else Q(tool__tool_set=tool_set))
    earlier = Q(created_at__lt=OuterRef("created_at")) | Q(
        created_at=OuterRef("created_at"), id__lt=OuterRef("id")
    )
    before = Assignment.objects.filter(uses, earlier, variation=OuterRef("variation"))
    return Assignment.objects.filter(uses, ~Exists(before)).annotate(labels=F("variation__labels"))


def show_uses(rows: Sequence[Assignment], *, space_id: uuid.UUID, tenant_id: uuid.UUID) -> list[ToolSetUsage]:
    """The variation behind each of these assignments, with its agent and its model."""
    variations = AgentVariation.objects.select_related("agent", "model").in_bulk(
        [row.variation_id for row in rows]
    )
    fallback = _default_model(space_id) if any(one.model is None for one in variations.values()) else None
    shown = []
    for row in rows:
        variation = variations[row.variation_id]
        model = variation.model or fallback
        if model is None:
            continue  # a space without any model, in which nothing runs
        shown.append(
            ToolSetUsage(
                agent_variation=ResourceMetadata.of(variation, Prefix.VARIATION, tenant_id=tenant_id),
                agent=ResourceMetadata.of(variation.agent, Prefix.AGENT, tenant_id=tenant_id),
                model=ResourceMetadata.of(model, Prefix.MODEL, tenant_id=tenant_id),
                assigned_at=row.created_at,
            )
        )
    return shown


def _infos(rows: Sequence[ToolSet], tenant_id: uuid.UUID) -> dict[uuid.UUID, ToolSetInfo]:
    tools = _tool_counts(rows)
    agents = _agent_counts(rows)
    principals = Principal.objects.in_bulk({row.created_by_id for row in rows})
    return {
        row.id: ToolSetInfo(
            tool_count=sum(tools[row.id].values()),
            agent_count=agents.get(row.id, 0),
            available_tools=tools[row.id].get(ToolState.AVAILABLE, 0),
            omitted_tools=tools[row.id].get(ToolState.OMITTED, 0),
            created_by=Profile.of(principals[row.created_by_id], tenant_id=tenant_id),
        )
        for row in rows
    }


def _tool_counts(rows: Iterable[ToolSet]) -> dict[uuid.UUID, dict[str, int]]:
    """How many tools each set has in each state."""
    counts: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    found = Tool.objects.filter(tool_set__in=list(rows)).order_by().values_list("tool_set_id", "state")
    for set_id, state, count in found.annotate(Count("id")):
        counts[set_id][state] = count
    return counts


def _agent_counts(rows: Sequence[ToolSet]) -> dict[uuid.UUID, int]:
    """How many agents may call each set, or a tool of it."""
    using = Assignment.objects.filter(Q(tool_set__in=rows) | Q(tool__tool_set__in=rows))
    counted = using.order_by().annotate(used_set=_SET).values("used_set")
    return {
        one["used_set"]: one["agents"]
        for one in counted.annotate(agents=Count(F("variation__agent_id"), distinct=True))
    }


def _default_model(space_id: uuid.UUID) -> LanguageModel | None:
    """The model of variations that name none; one that is switched off has a name all the same."""
    found = default_model(space_id)
    return found or LanguageModel.objects.filter(space_id=space_id).order_by("created_at", "id").first()
