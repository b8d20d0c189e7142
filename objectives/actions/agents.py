"""What people do with agents; each verb raises NotPermitted where the caller lacks the permission."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from objectives.access.permissions import MANAGE_AGENTS
from objectives.actions.finding import locked_agent
from objectives.actions.naming import change_identity, new_identity, spec_in, unique_names
from objectives.actions.variations import add_variation
from objectives.checks.schemas import checked_schema
from objectives.checks.unbuilt import refuse_unbuilt
from objectives.lifecycles.agents import Verb, move
from objectives.models import Agent, VariationChoice
from objectives.shapes.agents import NewAgent
from spaces.access import SpaceAccess
from spaces.errors import NotReady

_SPEC = ("body", "spec")
_UNBUILT = {
    "webhook_events_url": "webhookEventsUrl",
    "enable_episodic_memory": "enableEpisodicMemory",
    "episodic_memory_ttl": "episodicMemoryTtl",
    "always_include_subject_memories": "alwaysIncludeSubjectMemories",
}
_CHOICES = {
    "VARIATION_SELECTION_MODE_RANDOM": VariationChoice.RANDOM,
    "VARIATION_SELECTION_MODE_WEIGHTED": VariationChoice.WEIGHTED,
}


def create_agent(*, access: SpaceAccess, new: NewAgent, now: datetime) -> Agent:
    """A draft, with its first variation where one is given; both are made or neither.

    Raises Invalid, Unimplemented, and AlreadyExists where an external id is taken.
    """
    access.require(MANAGE_AGENTS)
    agent = Agent(**new_identity(new.metadata, access=access, now=now))
    _apply(agent, {name: getattr(new.spec, name) for name in new.spec.model_fields_set})
    with transaction.atomic():
        with unique_names():
            agent.save(force_insert=True)
        if new.default_variation is not None:
            at = ("body", "defaultVariation")
            add_variation(agent, new=new.default_variation, access=access, now=now, at=at)
    return agent


def update_agent(*, access: SpaceAccess, address: str, changes: Mapping[str, Any], now: datetime) -> Agent:
    """Set what `changes` (see `objectives.api.masks`) says, in any state; objectives keep their snapshots.

    Raises NotFound, Invalid, Unimplemented and AlreadyExists.
    """
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        agent = locked_agent(access, address)
        spec = spec_in(changes)
        fields = change_identity(agent, changes) | _apply(agent, spec)
        if fields:
            agent.updated_at = now
            with unique_names():
                agent.save(update_fields=sorted({*fields, "updated_at"}))
    return agent


def move_agent(*, access: SpaceAccess, address: str, verb: Verb, now: datetime) -> Agent:
    """Publish, unpublish, archive or unarchive; a repeat is an illegal move.

    Raises NotFound, IllegalMove, and NotReady for publishing an agent without variations.
    """
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        agent = locked_agent(access, address)
        move(agent, verb, now=now)
        if verb == Verb.PUBLISH and not agent.variations.exists():
            raise NotReady("This agent has no variation, so it cannot be published.")
    return agent


def delete_agent(*, access: SpaceAccess, address: str) -> None:
    """Remove an agent and its variations; other agents can no longer call it.

    Raises NotFound, and NotReady once it has worked on an objective: the record names it for good.
    """
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        agent = locked_agent(access, address)
        if agent.objectives.exists():
            raise NotReady("This agent has objectives, so it cannot be deleted. Archive it.")
        agent.delete()


def _apply(agent: Agent, values: Mapping[str, Any]) -> set[str]:
    """Set what `values`, by field of the spec, brings (None clears); the names of the columns set."""
    refuse_unbuilt(values, _UNBUILT, _SPEC)
    columns = set()
    for field, (column, read) in _COLUMNS.items():
        if field in values:
            setattr(agent, column, read(values[field]))
            columns.add(column)
    return columns


_COLUMNS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "description": ("description", lambda text: text or ""),
    "variation_selection_mode": (
        "variation_choice",
        lambda mode: _CHOICES.get(mode, VariationChoice.RANDOM),
    ),
    "system_prompt_data_schema": (
        "system_prompt_data_schema",
        lambda schema: checked_schema(schema, *_SPEC, "systemPromptDataSchema"),
    ),
    "output_definition": (
        "output_definition",
        lambda schema: checked_schema(schema, *_SPEC, "outputDefinition"),
    ),
}
