"""What people do with the variations of an agent, and which of them works on an objective.

See `objectives.actions.resources` for what every verb raises.
"""

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from objectives.access.permissions import MANAGE_AGENTS
from objectives.actions.assignments import replace_assignments
from objectives.actions.finding import locked_agent, locked_variation
from objectives.actions.resources import METADATA, Edit, Loc, ResourceService, column, unbuilt
from objectives.ids import Prefix
from objectives.liquid.templates import check_template
from objectives.model_providers.selection import find_model
from objectives.models import Agent, AgentState, AgentVariation, VariationChoice
from objectives.planning.demo_block import split_demo
from objectives.schemas.variations import ModelConfig, NewVariation, VariationConstraints
from objectives.selectors import find
from objectives.validation.labels import check_labels, check_variation_labels
from spaces.access import SpaceAccess
from spaces.errors import NotReady


def _write_prompt(variation: AgentVariation, text: str | None, edit: Edit) -> None:
    check_template(split_demo(text or "", *edit.loc)[0], *edit.loc)
    variation.system_prompt_template = text or ""


def _write_model(variation: AgentVariation, config: ModelConfig | None, edit: Edit) -> None:
    if config is None:
        variation.model, variation.settings = None, {}
        return
    settings = config.wire()
    at = (*edit.loc[:-1], "modelConfig", "modelId")
    variation.model = find_model(variation.space_id, settings.pop("modelId"), *at)
    variation.settings = settings


def _write_constraints(variation: AgentVariation, given: VariationConstraints | None, _: Edit) -> None:
    given = given or VariationConstraints()
    variation.max_tool_calls = given.max_tool_calls
    variation.max_sub_objectives = given.max_sub_objectives
    variation.inactivity_seconds = given.inactivity_timeout


VARIATIONS = ResourceService[AgentVariation](
    permission=MANAGE_AGENTS,
    lock=locked_variation,
    writers={
        **METADATA,
        "metadata.labels": column("labels", check_labels, check_variation_labels),
        "spec.memory_layer_assignments": unbuilt,
        "spec.description": column("description"),
        "spec.system_prompt_template": _write_prompt,
        "spec.first_user_message_template": column("first_user_message_template", check_template),
        "spec.model_choice": _write_model,
        "spec.constraints": _write_constraints,
        "spec.compaction_config": column("compaction"),
        "spec.progressive_discovery": column("progressive_discovery"),
    },
    linked={
        "spec.assignments": lambda variation, wanted, edit: replace_assignments(
            variation, wanted or [], now=edit.now, at=edit.loc
        )
    },
)


def create_variation(
    *, access: SpaceAccess, agent_address: str, new: NewVariation, now: datetime
) -> AgentVariation:
    """A variation of an agent in any state; raises what `add_variation` raises."""
    with VARIATIONS.permitted(access):
        agent = locked_agent(access, agent_address)  # nobody deletes it in between
        return add_variation(agent, new=new, access=access, now=now)


def add_variation(
    agent: Agent, *, new: NewVariation, access: SpaceAccess, now: datetime, at: Loc = ("body",)
) -> AgentVariation:
    """A variation with what it may call; the caller holds a transaction. `at` is where `new` stood.

    Raises NotReady for a thing that cannot be assigned.
    """
    access.require(MANAGE_AGENTS)
    return VARIATIONS.create(AgentVariation(agent=agent), new, Edit(access, now, at))


def update_variation(
    *,
    access: SpaceAccess,
    agent_address: str,
    address: str,
    changes: Mapping[str, Any],
    now: datetime,
) -> AgentVariation:
    """Change a variation, or nothing of it; objectives keep their snapshots. Raises as `add_variation`."""
    return VARIATIONS.update(access, agent_address, address, changes=changes, now=now)


def delete_variation(*, access: SpaceAccess, agent_address: str, address: str) -> None:
    """Remove a variation; objectives keep their snapshot of it.

    Raises NotReady for the last one of a published agent.
    """
    with VARIATIONS.permitted(access):
        # The agent's lock keeps two deletions apart, each of which would leave one variation.
        agent = locked_agent(access, agent_address)
        variation = find(agent.variations.all(), Prefix.VARIATION, address)
        if agent.state == AgentState.PUBLISHED and not agent.variations.exclude(pk=variation.pk).exists():
            raise NotReady("A published agent must keep one variation. Unpublish the agent first.")
        variation.delete()


def choose_variation(agent: Agent, rng: random.Random) -> AgentVariation:
    """The variation that works on a new objective; raises NotReady where there is none.

    Weighted choice is Thompson sampling: for each variation a share of good feedback is drawn from what its
    feedback makes likely, and the highest draw wins. So what is rarely tried still gets its chances.
    """
    rows: QuerySet[Any] = agent.variations.order_by("created_at", "id")
    if agent.variation_choice == VariationChoice.WEIGHTED:
        rows = rows.annotate(
            good=Count("feedback", filter=Q(feedback__score__gt=0)),
            bad=Count("feedback", filter=Q(feedback__score__lt=0)),
        )
    variations: list[AgentVariation] = list(rows)
    if not variations:
        raise NotReady("This agent has no variation.")
    if agent.variation_choice == VariationChoice.RANDOM:
        return rng.choice(variations)
    draws = [rng.betavariate(1 + row.good, 1 + row.bad) for row in rows]
    return variations[draws.index(max(draws))]
