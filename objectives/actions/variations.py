"""What people do with the variations of an agent, and which of them works on an objective.

Each verb raises NotPermitted where the caller lacks the permission.
"""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from objectives.access.permissions import MANAGE_AGENTS
from objectives.actions.assigning import replace_assignments
from objectives.actions.finding import locked_agent, locked_variation
from objectives.actions.naming import change_identity, new_identity, spec_in, unique_names
from objectives.addressing import find
from objectives.checks.unbuilt import refuse_unbuilt
from objectives.labels.variations import check_variation_labels
from objectives.models import Agent, AgentState, AgentVariation, VariationChoice
from objectives.planning.demo_block import split_demo
from objectives.providers.choosing import find_model
from objectives.shapes.variations import ModelConfig, NewVariation, VariationConstraints
from objectives.spelling import Prefix
from objectives.templating.templates import check_template
from spaces.access import SpaceAccess
from spaces.errors import NotReady

type Path = tuple[str, ...]
_SPEC: Path = ("body", "spec")
_UNBUILT = {"memory_layer_assignments": "memoryLayerAssignments"}


def create_variation(
    *, access: SpaceAccess, agent_address: str, new: NewVariation, now: datetime
) -> AgentVariation:
    """A variation of an agent in any state; raises NotFound, and what `add_variation` raises."""
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        agent = locked_agent(access, agent_address)  # nobody deletes it in between
        return add_variation(agent, new=new, access=access, now=now)


def add_variation(
    agent: Agent, *, new: NewVariation, access: SpaceAccess, now: datetime, at: Path = ("body",)
) -> AgentVariation:
    """A variation with what it may call; the caller holds a transaction. `at` is where `new` stood.

    Raises Invalid, Unimplemented, AlreadyExists, and NotReady for a thing that cannot be assigned.
    """
    access.require(MANAGE_AGENTS)
    identity = new_identity(new.metadata, access=access, now=now, at=(*at, "metadata"))
    check_variation_labels(new.metadata.labels, *at, "metadata", "labels")
    variation = AgentVariation(agent=agent, **identity)
    at = (*at, "spec")
    _apply(variation, {name: getattr(new.spec, name) for name in new.spec.model_fields_set}, at)
    with unique_names():
        variation.save(force_insert=True)
    replace_assignments(variation, new.spec.assignments or [], now=now, at=at)
    return variation


def update_variation(
    *,
    access: SpaceAccess,
    agent_address: str,
    address: str,
    changes: Mapping[str, Any],
    now: datetime,
) -> AgentVariation:
    """Set what `changes` (see `objectives.api.masks`) says; objectives keep their snapshots.

    Raises NotFound, and what `add_variation` raises; then nothing is changed.
    """
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        variation = locked_variation(access, agent_address, address)
        spec = spec_in(changes)
        fields = change_identity(variation, changes) | _apply(variation, spec, _SPEC)
        check_variation_labels(variation.labels, "body", "metadata", "labels")
        if changes:
            variation.updated_at = now
            with unique_names():
                variation.save(update_fields=sorted({*fields, "updated_at"}))
        if "assignments" in spec:
            replace_assignments(variation, spec["assignments"] or [], now=now, at=_SPEC)
    return variation


def delete_variation(*, access: SpaceAccess, agent_address: str, address: str) -> None:
    """Remove a variation; objectives keep their snapshot of it.

    Raises NotFound, and NotReady for the last one of a published agent.
    """
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        # The agent's lock keeps two deletions apart, each of which would leave one variation.
        agent = locked_agent(access, agent_address)
        variation = find(agent.variations.all(), Prefix.VARIATION, address)
        if agent.state == AgentState.PUBLISHED and not agent.variations.exclude(pk=variation.pk).exists():
            raise NotReady("A published agent keeps its last variation. Unpublish the agent first.")
        variation.delete()


def choose_variation(agent: Agent, rng: random.Random) -> AgentVariation:
    """The variation that works on a new objective; raises NotReady where there is none.

    Weighted choice is Thompson sampling: for each variation a share of good feedback is drawn from what its
    feedback makes likely, and the highest draw wins. So what is rarely tried still gets its chances.
    """
    good, bad = (
        Count("feedback", filter=Q(feedback__score__gt=0)),
        Count("feedback", filter=Q(feedback__score__lt=0)),
    )
    variations = list(agent.variations.order_by("created_at", "id").annotate(good=good, bad=bad))
    if not variations:
        raise NotReady("This agent has no variation.")
    if agent.variation_choice == VariationChoice.RANDOM:
        return rng.choice(variations)
    draws = [rng.betavariate(1 + row.good, 1 + row.bad) for row in variations]
    return variations[draws.index(max(draws))]


def _apply(variation: AgentVariation, values: Mapping[str, Any], at: Path) -> set[str]:
    """Set what `values`, by field of the spec, brings (None clears); the names of the columns set."""
    refuse_unbuilt(values, _UNBUILT, at)
    columns: set[str] = set()
    for field, write in _WRITERS.items():
        if field in values:
            written = write(variation, values[field], at)
            for column, value in written.items():
                setattr(variation, column, value)
            columns |= written.keys()
    return columns


def _prompt(_: AgentVariation, text: str | None, at: Path) -> dict[str, Any]:
    loc = (*at, "systemPromptTemplate")
    check_template(split_demo(text or "", *loc)[0], *loc)
    return {"system_prompt_template": text or ""}


def _first_message(_: AgentVariation, text: str | None, at: Path) -> dict[str, Any]:
    check_template(text or "", *at, "firstUserMessageTemplate")
    return {"first_user_message_template": text or ""}


def _model(variation: AgentVariation, config: ModelConfig | None, at: Path) -> dict[str, Any]:
    if config is None:
        return {"model": None, "settings": {}}
    settings = config.wire()
    model = find_model(variation.space_id, settings.pop("modelId"), *at, "modelConfig", "modelId")
    return {"model": model, "settings": settings}


def _constraints(_: AgentVariation, given: VariationConstraints | None, __: Path) -> dict[str, Any]:
    given = given or VariationConstraints()
    return {
        "max_tool_calls": given.max_tool_calls,
        "max_sub_objectives": given.max_sub_objectives,
        "inactivity_seconds": given.inactivity_timeout,
    }


_WRITERS: dict[str, Callable[[AgentVariation, Any, Path], dict[str, Any]]] = {
    "description": lambda _, text, __: {"description": text or ""},
    "system_prompt_template": _prompt,
    "first_user_message_template": _first_message,
    "model_choice": _model,
    "constraints": _constraints,
    "compaction_config": lambda _, config, __: {"compaction": config.wire() if config else None},
    "progressive_discovery": lambda _, given, __: {"progressive_discovery": given.wire() if given else None},
}
