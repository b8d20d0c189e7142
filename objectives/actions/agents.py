"""What people do with agents; see `objectives.actions.resources` for what every verb raises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from objectives.access.permissions import MANAGE_AGENTS
from objectives.actions.finding import locked_agent
from objectives.actions.resources import METADATA, Edit, ResourceService, column, read_column, unbuilt
from objectives.actions.variations import add_variation
from objectives.lifecycles.agents import AgentVerb, move
from objectives.models import Agent, VariationChoice
from objectives.schemas.agents import NewAgent
from objectives.validation.schemas import checked_schema
from spaces.access import SpaceAccess
from spaces.errors import NotReady

_CHOICES = {
    "VARIATION_SELECTION_MODE_RANDOM": VariationChoice.RANDOM,
    "VARIATION_SELECTION_MODE_WEIGHTED": VariationChoice.WEIGHTED,
}
AGENTS = ResourceService[Agent](
    permission=MANAGE_AGENTS,
    lock=locked_agent,
    writers={
        **METADATA,
        "spec.webhook_events_url": unbuilt,
        "spec.enable_episodic_memory": unbuilt,
        "spec.episodic_memory_ttl": unbuilt,
        "spec.always_include_subject_memories": unbuilt,
        "spec.description": column("description"),
        "spec.variation_selection_mode": read_column(
            "variation_choice", lambda mode, *_: _CHOICES.get(mode, VariationChoice.RANDOM)
        ),
        "spec.system_prompt_data_schema": read_column("system_prompt_data_schema", checked_schema),
        "spec.output_definition": read_column("output_definition", checked_schema),
    },
)


def create_agent(*, access: SpaceAccess, new: NewAgent, now: datetime) -> Agent:
    """A draft, with its first variation where one is given; both are made or neither."""
    with AGENTS.permitted(access):
        agent = AGENTS.create(Agent(), new, Edit(access, now))
        if new.default_variation is not None:
            at = ("body", "defaultVariation")
            add_variation(agent, new=new.default_variation, access=access, now=now, at=at)
    return agent


def update_agent(*, access: SpaceAccess, address: str, changes: Mapping[str, Any], now: datetime) -> Agent:
    """Change an agent in any state; objectives keep their snapshots."""
    return AGENTS.update(access, address, changes=changes, now=now)


def move_agent(*, access: SpaceAccess, address: str, verb: AgentVerb, now: datetime) -> Agent:
    """Publish, unpublish, archive or unarchive; a repeat is an illegal move.

    Raises IllegalMove, and NotReady for publishing an agent without variations.
    """
    with AGENTS.changing(access, address, now=now) as agent:
        move(agent, verb)
        if verb == AgentVerb.PUBLISH and not agent.variations.exists():
            raise NotReady("An agent without variations cannot be published.")
    return agent


def delete_agent(*, access: SpaceAccess, address: str) -> None:
    """Remove an agent and its variations; other agents can no longer call it.

    Raises NotReady once it has worked on an objective: the record names it for good.
    """
    with AGENTS.locked(access, address) as agent:
        if agent.objectives.exists():
            raise NotReady("This agent has objectives, so it cannot be deleted. Archive it instead.")
        agent.delete()
