"""Objectives: agent runs, and what is sent to start and steer them."""

from typing import Any, Self

from pydantic import Field, SecretStr

from objectives.client_versions import NEWEST, Dialect
from objectives.ids import Json, Prefix, spell
from objectives.models import Objective
from objectives.schemas.compaction import CompactionConfig
from objectives.schemas.metadata import NewOperation, OperationMetadata, Profile, ResourceMetadata
from objectives.schemas.shape import Moment, Shape


class GivenSecretName(Shape):
    """A secret that came with an objective."""

    name: str
    """Its name; the value never comes out."""


class ConfigSnapshot(Shape):
    """Agent and variation as they were when the objective was made."""

    agent: Json
    """The agent."""
    agent_variation: Json
    """The variation, with its `info`."""


class ObjectiveInfo(Shape):
    """What the server counts and knows of an objective."""

    total_events: int
    """Events so far."""
    total_tool_calls: int
    """Tool calls so far."""
    total_input_tokens: int
    """Tokens read by the model."""
    total_output_tokens: int
    """Tokens written by the model."""
    total_context_windows: int
    """Context windows so far."""
    total_iterations: int
    """Responses of the model so far."""
    created_by: Profile
    """On whose behalf it runs."""
    effective_memory_cascade: list[Json] = Field(default_factory=list)
    """Memory that it reads: not built, always empty."""
    agent: ResourceMetadata
    """Its agent."""
    agent_variation: ResourceMetadata
    """Its variation."""
    current_context_window_id: str
    """The newest context window."""
    continued_at: Moment | None = None
    """When somebody last took it up again after it had failed."""
    continued_by: Profile | None = None
    """Who did that."""


class ProviderUnavailable(Shape):
    """What an objective waits for whose model's provider is down, overloaded or limits its requests."""

    since: Moment
    """When it was first found so."""
    next_try_at: Moment
    """When it is asked again; in the past, it is being asked."""
    tries: int
    """How often it was asked in vain."""
    message: str
    """What it said last."""

    @classmethod
    def of(cls, row: Objective) -> Self | None:
        """None where nobody waits for its provider."""
        if row.provider_unavailable_since is None or row.next_try_at is None:
            return None
        return cls(
            since=row.provider_unavailable_since,
            next_try_at=row.next_try_at,
            tries=row.failures,
            message=row.provider_message,
        )


class ObjectiveSchema(Shape):
    """An agent run."""

    metadata: OperationMetadata
    """Identity."""
    config_snapshot: ConfigSnapshot
    """Agent and variation as they were when it was made."""
    state: str
    """`OBJECTIVE_STATE_` and `PENDING`, `RUNNING`, `WAITING`, `INTERRUPTING`, `FINALIZED`, `FAILED`,
    `CANCELLED` or `TIMED_OUT`."""
    state_message: str
    """Why, where there is something to say."""
    system_prompt: str
    """What the model is told first."""
    first_user_message: str
    """What it was asked."""
    parent_objective_id: str
    """The objective whose tool call this one carries out, "" for none."""
    secrets: list[GivenSecretName]
    """The secrets that came with it, by name."""
    memory_cascade: list[Json] = Field(default_factory=list)
    """Not built: always empty."""
    pinned_parameters: dict[str, str]
    """Arguments that are forced into every call that takes them."""
    system_prompt_data: Json | None = None
    """What filled the template of the system prompt."""
    first_user_message_data: Json | None = None
    """What filled the template of the first message."""
    output: Json | None = None
    """What it produced, once it is finalized."""
    provider_unavailable: ProviderUnavailable | None = None
    """Why it does not get on, while its model's provider is unavailable."""
    info: ObjectiveInfo | None = None
    """Counts and more; in lists only with `includeInfo`."""

    @classmethod
    def of(
        cls,
        row: Objective,
        *,
        metadata: OperationMetadata,
        secrets: list[str],
        info: ObjectiveInfo | None,
        dialect: Dialect = NEWEST,
    ) -> Self:
        return cls(
            metadata=metadata,
            config_snapshot=ConfigSnapshot(agent=row.agent_snapshot, agent_variation=row.variation_snapshot),
            state=dialect.state(row.state),
            state_message=row.state_message,
            system_prompt=row.system_prompt,
            first_user_message=row.first_user_message,
            parent_objective_id=spell(Prefix.OBJECTIVE, row.parent_id) if row.parent_id else "",
            secrets=[GivenSecretName(name=name) for name in secrets],
            pinned_parameters=row.pinned_parameters,
            provider_unavailable=ProviderUnavailable.of(row) if row.provider_unavailable_since else None,
            system_prompt_data=row.system_prompt_data,
            first_user_message_data=row.first_user_message_data,
            output=row.output,
            info=info,
        )

    def wire(self) -> Json:
        """The object as the API writes it; its snapshots already are."""
        shown = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"config_snapshot"})
        snapshot = self.config_snapshot
        return {
            **shown,
            "configSnapshot": {"agent": snapshot.agent, "agentVariation": snapshot.agent_variation},
        }


class GivenSecret(Shape):
    """A secret for one objective."""

    name: str = Field(min_length=1, max_length=255)
    """Its name, which templates use."""
    value: SecretStr
    """Its value, which never comes out again."""


class NewObjectiveBody(Shape):
    """An objective that is to be made."""

    agent_id: str = Field(min_length=1)
    """The agent, by id or `external_id:…`."""
    variation_id: str = ""
    """The variation, by id or `external_id:…`; left out, the agent's selection decides."""
    metadata: NewOperation = Field(default_factory=NewOperation)
    """Identity."""
    system_prompt_data: Json | None = None
    """Fills the template of the system prompt."""
    first_user_message: str = Field(default="", max_length=1_000_000)
    """What the agent is asked; left out, the variation's template says it."""
    first_user_message_data: Json | None = None
    """Fills the template of the first message."""
    secrets: list[GivenSecret] = Field(default_factory=list, max_length=100)
    """Secrets for this objective only."""
    pinned_parameters: dict[str, str] = Field(default_factory=dict)
    """Arguments that are forced into every call that takes them, and that the model does not see."""
    memory_cascade: list[Any] | None = None
    """Not built: refused unless empty."""
    episodic_memory: Json | None = None
    """Not built: refused unless empty."""
    tenant: Json | None = None
    """Not built: refused unless empty."""
    subject: Json | None = None
    """Not built: refused unless empty."""


class CancelBody(Shape):
    """Why an objective is cancelled."""

    reason: str = Field(default="", max_length=10_000)
    """Kept with it."""


class ContinueBody(Shape):
    """Something more to say."""

    message: str = Field(default="", max_length=1_000_000)
    """What is said; may be left out for an objective that has failed."""
    enqueue: bool = False
    """Say it after the turn that goes on, instead of refusing."""


class CompactBody(Shape):
    """How a conversation is compacted."""

    compaction_config: CompactionConfig | None = None
    """The strategies; left out, the variation's own."""
