"""The execution object and what it is made of, as the API describes them."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from executions.models import FailureReason, Source, State
from spaces.api.pagination import PageMeta

_ID = "01a203d7-a422-7298-af07-d721b3287b2b"
_TOOL_CALL = "The tool call that dispatched it, exactly as the model wrote it."
_TIME = "2026-11-22T12:00:00.125Z"


STATES = (
    "Where it stands. `queued`: waits for a worker, for its first or a further attempt; `running`: a "
    "worker runs it; `succeeded`: ended with outputs; `failed`: ended without, `failure_reason` says why; "
    "`cancelled`: ended because somebody asked. The last three are final and never change."
)
SOURCES = (
    "What started it. `standalone`: a REST caller or an operator; `chat`: a chat's tool call; `sub_skill`: "
    "another execution; `objective`: an objective's tool call; `schedule`: a clock."
)
REASONS = "; ".join(f"`{code}`: {label[0].lower()}{label[1:]}" for code, label in FailureReason.choices)


class Described(BaseModel):
    """An object of an answer; enumerations are written as their values."""

    model_config = ConfigDict(use_enum_values=True)


class ResourceUsage(Described):
    """What a run has used so far; of its sub-executions only with `?usage=total`."""

    input_tokens: int = Field(description="Tokens sent to language models.", examples=[1250])
    output_tokens: int = Field(description="Tokens that language models wrote.", examples=[310])
    cost_usd: str = Field(description="Cost in US dollars, a decimal as text.", examples=["0.0184"])
    wallclock_ms: int | None = Field(
        description="Milliseconds from the first start to the end; null until it has ended.", examples=[4120]
    )
    iteration_count: int = Field(description="Model requests, or iterations that a script reported.")


class ExecutionSummary(Described):
    """An execution that another one called: 14 keys, always all of them."""

    id: uuid.UUID = Field(description="The execution.", examples=[_ID])
    tenant_id: uuid.UUID = Field(description="The tenant that it belongs to.")
    space_id: uuid.UUID = Field(description="The space in which it runs.")
    principal_id: uuid.UUID = Field(description="The person or machine on whose behalf it runs.")
    skill_slug: str = Field(description="The skill's slug.", examples=["csv-profile"])
    skill_version: str | None = Field(
        description="The skill's semantic version that it runs.", examples=["1.0.0"]
    )
    source: Source = Field(description=SOURCES)
    state: State = Field(description=STATES)
    parent_execution_id: uuid.UUID | None = Field(
        description="The execution that called it; null unless `source` is `sub_skill`."
    )
    created_at: datetime = Field(description="When it was asked for, RFC 3339 in UTC.", examples=[_TIME])
    started_at: datetime | None = Field(description="When its first attempt started; null until then.")
    finished_at: datetime | None = Field(description="When it reached a final state; null until then.")
    failure_reason: FailureReason | None = Field(
        description=f"A short code, null unless `state` is `failed`. {REASONS}."
    )
    resource_usage: ResourceUsage = Field(description="Tokens, cost, time and iterations.")


class ListedExecution(ExecutionSummary):
    """An execution in a list: 15 keys, always all of them."""

    chat_tool_call_id: str | None = Field(description=_TOOL_CALL, examples=["call_Zx81"])


class ExecutionArtifact(Described):
    """A file that an execution chose to keep."""

    artifact_id: uuid.UUID = Field(description="The artifact.")
    relpath_in_workspace: str | None = Field(
        description="Where it lay in the workspace.", examples=["outputs/chart.png"]
    )
    document_type: str | None = Field(
        description="What the skill says that it is, e.g. `chart` or `report`.", examples=["chart"]
    )
    download_url: str = Field(
        description="An absolute link to its bytes, good for 15 minutes without any key."
    )
    size_bytes: int | None = Field(description="How many bytes it has.", examples=[48213])


class Execution(ExecutionSummary):
    """One execution in full: 25 keys, always all of them."""

    inputs: dict[str, Any] = Field(
        description="What it was given, valid against the skill's inputs schema.",
        examples=[{"question": "Which month sold most?"}],
    )
    outputs: dict[str, Any] | None = Field(description="What it gave; null unless `state` is `succeeded`.")
    error: dict[str, Any] | None = Field(
        description="`type`, `message` and details for people; null unless `state` is `failed`."
    )
    artifacts: list[ExecutionArtifact] = Field(description="The files it kept, oldest first.")
    sub_executions: list[ExecutionSummary] = Field(
        description="The executions that it called itself, one level deep, oldest first."
    )
    chat_thread_id: str | None = Field(description="The chat's thread.", examples=["thread_8"])
    chat_message_id: str | None = Field(description="The chat's message.", examples=["msg_12"])
    chat_tool_call_id: str | None = Field(description=_TOOL_CALL, examples=["call_Zx81"])
    workspace_archive_id: str | None = Field(
        description="The archive of its workspace, null until one was taken."
    )
    langfuse_trace_id: str | None = Field(description="The id of its trace, 32 hexadecimal digits.")
    idempotency_key: str | None = Field(description="The `Idempotency-Key` that it was started with.")


class ExecutionAnswer(Described):
    """One execution."""

    data: Execution = Field(description="The execution.")


class ExecutionPage(Described):
    """Executions, newest first."""

    data: list[ListedExecution] = Field(description="At most `limit` executions.")
    meta: PageMeta = Field(description="How to go on.")


class ArtifactPage(Described):
    """Artifacts of one execution, oldest first."""

    data: list[ExecutionArtifact] = Field(description="At most `limit` artifacts.")
    meta: PageMeta = Field(description="How to go on.")
