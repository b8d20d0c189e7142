"""Variations: the ways in which an agent works."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from objectives.ids import Json, Prefix, spell
from objectives.models import AgentVariation, Assignment
from objectives.schemas.assignments import VariationAssignment
from objectives.schemas.compaction import CompactionConfig
from objectives.schemas.durations import read_seconds
from objectives.schemas.metadata import BareMetadata, NewResource, Profile, ResourceMetadata
from objectives.schemas.shape import Number, Shape, Whole

LARGEST = 2**31 - 1  # of a 32-bit number
Effort = Literal[
    "REASONING_EFFORT_UNSPECIFIED",
    "REASONING_EFFORT_NONE",
    "REASONING_EFFORT_LOW",
    "REASONING_EFFORT_MEDIUM",
    "REASONING_EFFORT_HIGH",
]


Timeout = Annotated[
    float,
    BeforeValidator(read_seconds),
    Field(ge=60, le=86_400),
    PlainSerializer(lambda seconds: f"{seconds:g}s", return_type=str),
    WithJsonSchema({"type": "string", "examples": ["3600s"]}),
]


class ModelConfig(Shape):
    """Which model, and how it is asked; what a model cannot do is left out of its requests."""

    model_id: str = Field(min_length=1, max_length=600)
    """`model_…`, `external_id:…`, `<provider key>.<model>` by external ids, or a built-in model's name."""
    temperature: Number | None = Field(default=None, ge=0, le=2)
    """How freely it chooses its words."""
    top_p: Number | None = Field(default=None, ge=0, le=1)
    """The share of likely words that it chooses from."""
    top_k: Whole | None = Field(default=None, ge=0, le=LARGEST)
    """The number of likely words that it chooses from."""
    stop_sequences: list[str] | None = Field(default=None, max_length=64)
    """Texts at which it stops."""
    max_output_tokens: Whole | None = Field(default=None, ge=1, le=LARGEST)
    """Most tokens of one response."""
    reasoning_effort: Effort | None = None
    """How much it thinks first."""
    caching_enabled: bool | None = None
    """Whether the provider may cache what requests begin with."""


class VariationConstraints(Shape):
    """Where an objective stops."""

    max_tool_calls: Whole | None = Field(default=None, ge=0, le=LARGEST)
    """Most tool calls of one objective."""
    max_sub_objectives: Whole | None = Field(default=None, ge=0, le=LARGEST)
    """Most sub-agents that one objective starts."""
    inactivity_timeout: Timeout | None = None
    """From "60s" to "86400s" without anything happening, then it is timed out; a day unless told."""


class ProgressiveDiscovery(Shape):
    """How an agent looks for tools of its workspace that it was not given: by the function `find_tools`."""

    max_tools: Whole | None = Field(default=None, ge=0, le=LARGEST)
    """Most tools of one search, up to 20; 5 unless told."""
    hints: list[str] | None = None
    """Words that help to find the right tools: they are looked for in each search, after its own."""


class MemoryLayerAssignment(Shape):
    """A memory layer of a variation. Not built."""

    memory_layer_id: str = ""
    """The layer."""
    position: int = 0
    """Its place among the layers."""


class VariationSpec(Shape):
    """One way an agent works: its prompt, its model, its tools and its limits."""

    description: str | None = None
    """What is particular about it."""
    system_prompt_template: str | None = None
    """Liquid template of the system prompt. A fenced `demo` block in it is the demo model's script."""
    first_user_message_template: str | None = None
    """Liquid template of the first message, where an objective brings none."""
    model_choice: ModelConfig | None = Field(
        default=None, alias="modelConfig", validation_alias=AliasChoices("modelConfig", "model_config")
    )
    """Which model; the space's default where it is left out."""
    constraints: VariationConstraints | None = None
    """Where an objective stops."""
    compaction_config: CompactionConfig | None = None
    """When and how the conversation is shortened."""
    progressive_discovery: ProgressiveDiscovery | None = None
    """How it looks for more tools."""
    assignments: list[VariationAssignment] | None = Field(default=None, max_length=500)
    """What it may call; a list in a request replaces all of them."""
    memory_layer_assignments: list[MemoryLayerAssignment] | None = None
    """Not built: anything but an empty list is refused."""

    @classmethod
    def of(cls, row: AgentVariation, assignments: Sequence[Assignment]) -> Self:
        """With what it may call."""
        return cls.model_validate(
            {
                "description": row.description,
                "system_prompt_template": row.system_prompt_template,
                "first_user_message_template": row.first_user_message_template,
                "model_choice": _model_choice(row),
                "constraints": _constraints(row),
                "compaction_config": row.compaction,
                "progressive_discovery": row.progressive_discovery,
                "assignments": [VariationAssignment.of(assignment) for assignment in assignments],
                "memory_layer_assignments": [],
            }
        )


class VariationInfo(Shape):
    """What the server knows of a variation."""

    tool_count: int
    """Tools that are assigned one by one."""
    tool_set_count: int
    """Tool sets that are assigned."""
    sub_agent_count: int
    """Agents that are assigned."""
    agent_pool_count: int = 0
    """Agent pools that are assigned: none, they are not built."""
    memory_layer_count: int = 0
    """Memory layers that are assigned: none, they are not built."""
    effective_tool_count: int
    """Different tools that it may call at present, those of its tool sets included."""
    score: float
    """The mean of its feedback, from -1 to 1; 0 without any."""
    feedback_count: int
    """How often somebody gave feedback."""
    assignment_metadata: dict[str, BareMetadata]
    """What is assigned, by id."""
    assignments: list[Json] = Field(default_factory=list)
    """What is assigned, as clients before 1.2 read it; `spec.assignments` says the same."""
    memory_layer_assignments: list[Json] = Field(default_factory=list)
    """Not built: always empty. Clients before 1.2 demand it here."""
    created_by: Profile | None = None
    """Who made it."""
    model: ResourceMetadata | None = None
    """Its model, where it names one."""


class AgentVariationSchema(Shape):
    """One way in which an agent works."""

    metadata: ResourceMetadata
    """Identity."""
    spec: VariationSpec
    """How it works."""
    info: VariationInfo
    """What the server knows of it; clients demand it in lists too."""

    @classmethod
    def of(
        cls,
        row: AgentVariation,
        assignments: Sequence[Assignment],
        info: VariationInfo,
        *,
        tenant_id: uuid.UUID,
    ) -> Self:
        """With what it may call."""
        return cls(
            metadata=ResourceMetadata.of(row, Prefix.VARIATION, tenant_id=tenant_id),
            spec=VariationSpec.of(row, assignments),
            info=info,
        )


class NewVariation(Shape):
    """A variation to make."""

    metadata: NewResource
    """Identity."""
    spec: VariationSpec = Field(default_factory=VariationSpec)
    """How it works."""


def _model_choice(row: AgentVariation) -> dict[str, Any] | None:
    return {"modelId": spell(Prefix.MODEL, row.model_id), **row.settings} if row.model_id else None


def _constraints(row: AgentVariation) -> dict[str, Any] | None:
    given = {
        "max_tool_calls": row.max_tool_calls,
        "max_sub_objectives": row.max_sub_objectives,
        "inactivity_timeout": row.inactivity_seconds,
    }
    return given if any(value is not None for value in given.values()) else None
