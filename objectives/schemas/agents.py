"""Agents: who works on objectives."""

import uuid
from typing import Literal, Self

from objectives.ids import Json, Prefix
from objectives.models import Agent
from objectives.schemas.metadata import NewResource, Profile, ResourceMetadata
from objectives.schemas.shape import Shape
from objectives.schemas.variations import NewVariation

SelectionMode = Literal[
    "VARIATION_SELECTION_MODE_UNSPECIFIED",
    "VARIATION_SELECTION_MODE_RANDOM",
    "VARIATION_SELECTION_MODE_WEIGHTED",
]


class AgentSpec(Shape):
    """What an agent is for, whichever variation of it works."""

    description: str | None = None
    """What it does: another agent that may call it chooses by this."""
    variation_selection_mode: SelectionMode | None = None
    """How a variation is chosen where an objective names none; random unless told."""
    system_prompt_data_schema: Json | None = None
    """JSON Schema of the data that fills the template of the system prompt."""
    output_definition: Json | None = None
    """JSON Schema of the output that ends an objective; without it one ends when somebody ends it."""
    webhook_events_url: str | None = None
    """Not built: anything but "" is refused."""
    enable_episodic_memory: bool | None = None
    """Not built: true is refused."""
    episodic_memory_ttl: int | str | None = None
    """Not built: anything but 0 is refused."""
    always_include_subject_memories: bool | None = None
    """Not built: true is refused."""

    @classmethod
    def of(cls, row: Agent) -> Self:
        return cls.model_validate(
            {
                "description": row.description,
                "variation_selection_mode": f"VARIATION_SELECTION_MODE_{row.variation_choice.upper()}",
                "system_prompt_data_schema": row.system_prompt_data_schema,
                "output_definition": row.output_definition,
                "webhook_events_url": "",
                "enable_episodic_memory": False,
                "always_include_subject_memories": False,
            }
        )


class AgentInfo(Shape):
    """What the server knows of an agent."""

    variation_count: int
    """How many variations it has."""
    created_by: Profile | None = None
    """Who made it."""


class AgentSchema(Shape):
    """Who works on objectives: what it is for, and where it stands."""

    metadata: ResourceMetadata
    """Identity."""
    spec: AgentSpec
    """What it is for."""
    info: AgentInfo
    """What the server knows of it; clients demand it in lists too."""
    state: str
    """`STATE_DRAFT`, `STATE_PUBLISHED` or `STATE_ARCHIVED`: only a published agent starts objectives."""

    @classmethod
    def of(cls, row: Agent, info: AgentInfo, *, tenant_id: uuid.UUID) -> Self:
        return cls(
            metadata=ResourceMetadata.of(row, Prefix.AGENT, tenant_id=tenant_id),
            spec=AgentSpec.of(row),
            info=info,
            state=f"STATE_{row.state.upper()}",
        )


class NewAgent(Shape):
    """An agent to make; it begins as a draft."""

    metadata: NewResource
    """Identity."""
    spec: AgentSpec
    """What it is for."""
    default_variation: NewVariation | None = None
    """Its first variation, made with it or not at all."""
