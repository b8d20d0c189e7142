"""The execution object and what it is made of: what is written, and what the API says of it."""

from typing import Annotated, Any, TypedDict

from pydantic import BaseModel, Field, WithJsonSchema

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


# As the representations write them: texts, whose formats the document tells.
Id = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class ResourceUsage(TypedDict):
    """What a run has used so far; of its sub-executions only with `?usage=total`."""

    input_tokens: Annotated[int, Field(description="Tokens sent to language models.", examples=[1250])]
    output_tokens: Annotated[int, Field(description="Tokens that language models wrote.", examples=[310])]
    cost_usd: Annotated[str, Field(description="Cost in US dollars, a decimal as text.", examples=["0.0184"])]
    wallclock_ms: Annotated[
        int | None,
        Field(
            description="Milliseconds from the first start to the end; null until it has ended.",
            examples=[4120],
        ),
    ]
    iteration_count: Annotated[
        int, Field(description="Model requests, or iterations that a script reported.")
    ]


class ExecutionSummary(TypedDict):
    """An execution that another one called: 14 keys, always all of them."""

    id: Annotated[Id, Field(description="The execution.", examples=[_ID])]
    tenant_id: Annotated[Id, Field(description="The tenant that it belongs to.")]
    space_id: Annotated[Id, Field(description="The space in which it runs.")]
    principal_id: Annotated[Id, Field(description="The person or machine on whose behalf it runs.")]
    skill_slug: Annotated[str, Field(description="The skill's slug.", examples=["csv-profile"])]
    skill_version: Annotated[
        str | None, Field(description="The skill's semantic version that it runs.", examples=["1.0.0"])
    ]
    source: Annotated[Source, Field(description=SOURCES)]
    state: Annotated[State, Field(description=STATES)]
    parent_execution_id: Annotated[
        Id | None, Field(description="The execution that called it; null unless `source` is `sub_skill`.")
    ]
    created_at: Annotated[
        Time, Field(description="When it was asked for, RFC 3339 in UTC.", examples=[_TIME])
    ]
    started_at: Annotated[Time | None, Field(description="When its first attempt started; null until then.")]
    finished_at: Annotated[Time | None, Field(description="When it reached a final state; null until then.")]
    failure_reason: Annotated[
        FailureReason | None, Field(description=f"A short code, null unless `state` is `failed`. {REASONS}.")
    ]
    resource_usage: Annotated[ResourceUsage, Field(description="Tokens, cost, time and iterations.")]


class ListedExecution(ExecutionSummary):
    """An execution in a list: 15 keys, always all of them."""

    chat_tool_call_id: Annotated[str | None, Field(description=_TOOL_CALL, examples=["call_Zx81"])]


class ExecutionArtifact(TypedDict):
    """A file that an execution chose to keep."""

    artifact_id: Annotated[Id, Field(description="The artifact.")]
    relpath_in_workspace: Annotated[
        str | None, Field(description="Where it lay in the workspace.", examples=["outputs/chart.png"])
    ]
    document_type: Annotated[
        str | None,
        Field(description="What the skill says that it is, e.g. `chart` or `report`.", examples=["chart"]),
    ]
    download_url: Annotated[
        str, Field(description="An absolute link to its bytes, good for 15 minutes without any key.")
    ]
    size_bytes: Annotated[int | None, Field(description="How many bytes it has.", examples=[48213])]


class Execution(ExecutionSummary):
    """One execution in full: 25 keys, always all of them."""

    inputs: Annotated[
        dict[str, Any],
        Field(
            description="What it was given, valid against the skill's inputs schema.",
            examples=[{"question": "Which month sold most?"}],
        ),
    ]
    outputs: Annotated[
        dict[str, Any] | None, Field(description="What it gave; null unless `state` is `succeeded`.")
    ]
    error: Annotated[
        dict[str, Any] | None,
        Field(description="`type`, `message` and details for people; null unless `state` is `failed`."),
    ]
    artifacts: Annotated[list[ExecutionArtifact], Field(description="The files it kept, oldest first.")]
    sub_executions: Annotated[
        list[ExecutionSummary],
        Field(description="The executions that it called itself, one level deep, oldest first."),
    ]
    chat_thread_id: Annotated[str | None, Field(description="The chat's thread.", examples=["thread_8"])]
    chat_message_id: Annotated[str | None, Field(description="The chat's message.", examples=["msg_12"])]
    chat_tool_call_id: Annotated[str | None, Field(description=_TOOL_CALL, examples=["call_Zx81"])]
    workspace_archive_id: Annotated[
        str | None, Field(description="The archive of its workspace, null until one was taken.")
    ]
    langfuse_trace_id: Annotated[str | None, Field(description="The id of its trace, 32 hexadecimal digits.")]
    idempotency_key: Annotated[
        str | None, Field(description="The `Idempotency-Key` that it was started with.")
    ]


class ExecutionAnswer(BaseModel):
    """One execution."""

    data: Execution = Field(description="The execution.")


class ExecutionPage(BaseModel):
    """Executions, newest first."""

    data: list[ListedExecution] = Field(description="At most `limit` executions.")
    meta: PageMeta = Field(description="How to go on.")


class ArtifactPage(BaseModel):
    """Artifacts of one execution, oldest first."""

    data: list[ExecutionArtifact] = Field(description="At most `limit` artifacts.")
    meta: PageMeta = Field(description="How to go on.")
