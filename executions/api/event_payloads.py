"""What each kind of event carries in `data`, as the API describes it."""

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from executions.api.schemas import REASONS, SOURCES, ResourceUsage
from executions.models import FailureReason, Source, State
from executions.runs.event_kinds import EventKind

_STATE = "The state that it has now."


class ExecutionQueued(BaseModel):
    """It was asked for; always event number 1."""

    state: State = Field(description=_STATE)
    skill_slug: str = Field(description="The skill's slug.")
    skill_version: str = Field(description="The version that it runs.")
    source: Source = Field(description=SOURCES)
    created_at: datetime = Field(description="When it was asked for.")
    parent_execution_id: uuid.UUID | None = Field(description="The execution that called it, if any.")
    chat_thread_id: str | None = Field(description="The chat's thread, if any.")
    chat_message_id: str | None = Field(description="The chat's message, if any.")
    chat_tool_call_id: str | None = Field(description="The chat's tool call, if any.")


class ExecutionStarted(BaseModel):
    """A worker has started an attempt."""

    state: State = Field(description=_STATE)
    attempt: int = Field(description="Which attempt, from 1.")
    started_at: datetime = Field(description="When the first attempt started.")
    fence: int = Field(description="Counts the claims of this execution.")


class ExecutionProgressed(BaseModel):
    """The skill says how far it is."""

    fraction: float | None = Field(description="From 0 to 1, null where it cannot be told.")
    message: str | None = Field(description="What it does at the moment.")


class ExecutionRetried(BaseModel):
    """An attempt ended without a result; the execution waits for the next one."""

    state: State = Field(description=_STATE)
    reason: str = Field(description="Why: a failure reason, or `shutdown` of its worker.")
    attempt: int = Field(description="How many attempts count so far.")
    available_at: datetime | None = Field(
        description="When the next one may start; null where the calling execution decides."
    )


class _Finished(BaseModel):
    state: State = Field(description=_STATE)
    finished_at: datetime = Field(description="When it ended.")
    resource_usage: ResourceUsage = Field(description="What it used in all.")
    workspace_archive_id: uuid.UUID | None = Field(description="The archived workspace, if there is one.")


class ExecutionSucceeded(_Finished):
    """It ended with outputs; the last event."""

    outputs: dict[str, Any] = Field(description="What it gave.")


class ExecutionFailed(_Finished):
    """It ended without outputs; the last event."""

    failure_reason: FailureReason = Field(description=f"Why. {REASONS}.")
    error: dict[str, Any] = Field(description="`type`, `message` and details for people.")


class ExecutionCancelRequested(BaseModel):
    """Somebody asked that it stops; its worker has yet to confirm."""

    cancel_requested_at: datetime = Field(description="When.")
    requested_by: uuid.UUID | None = Field(description="The principal who asked.")


class ExecutionCancelled(_Finished):
    """It was stopped because somebody asked, or because its caller is over; the last event."""

    requested_by: uuid.UUID | None = Field(
        default=None, description="Who asked, where it had not started yet."
    )
    forced: bool = Field(default=False, description="True where its worker did not confirm in time.")
    detail: str | None = Field(default=None, description="A sentence for people, where there is one.")


class TextAppended(BaseModel):
    """A piece of the text that the skill writes while it runs."""

    text: str = Field(description="Append it to what came before.")
    stream: Literal["stderr"] | None = Field(
        default=None,
        description="`stderr` for the end of what a script wrote there, told once when it has ended; "
        "otherwise absent.",
    )


class ToolCalled(BaseModel):
    """The skill's model calls a tool."""

    call_id: str = Field(description="Ties the call to its return.")
    name: str = Field(description="The tool.", examples=["workspace.fs.read"])
    arguments: dict[str, Any] = Field(description="Its arguments.")


class ToolReturned(BaseModel):
    """A tool has answered."""

    call_id: str = Field(description="The call that it answers.")
    name: str = Field(description="The tool.")
    is_error: bool = Field(description="Whether the tool failed.")
    summary: str = Field(description="The beginning of what it said, at most 2,000 characters.")


class ArtifactCommitted(BaseModel):
    """A file was kept."""

    artifact_id: uuid.UUID = Field(
        description="The artifact; its bytes are at `…/artifacts/{artifact_id}/download`, by key or ticket."
    )
    relpath_in_workspace: str = Field(description="Where it lay in the workspace.")
    document_type: str | None = Field(description="What the skill says that it is.")
    content_type: str = Field(description="Its media type.")
    size_bytes: int = Field(description="How many bytes it has.")


class UsageRecorded(BaseModel):
    """One model request was paid for, or a script reported its usage."""

    model: str | None = Field(description="The model, where it is known.")
    input_tokens: int = Field(description="Tokens sent.")
    output_tokens: int = Field(description="Tokens received.")
    cost_usd: str = Field(description="US dollars, a decimal as text.")


class SubExecutionStarted(BaseModel):
    """The skill called another one."""

    execution_id: uuid.UUID = Field(description="The sub-execution.")
    call_key: str = Field(description="The caller's own name of the call.")
    skill_slug: str = Field(description="The skill that it runs.")
    skill_version: str = Field(description="The version that it runs.")


class SubExecutionFinished(BaseModel):
    """A skill that was called has ended."""

    execution_id: uuid.UUID = Field(description="The sub-execution.")
    call_key: str = Field(description="The caller's own name of the call.")
    state: State = Field(description="How it ended.")
    failure_reason: FailureReason | None = Field(description="Why it failed, if it did.")


PAYLOADS: dict[str, type[BaseModel]] = {
    EventKind.QUEUED: ExecutionQueued,
    EventKind.STARTED: ExecutionStarted,
    EventKind.PROGRESSED: ExecutionProgressed,
    EventKind.RETRIED: ExecutionRetried,
    EventKind.SUCCEEDED: ExecutionSucceeded,
    EventKind.EXECUTION_FAILED: ExecutionFailed,
    EventKind.CANCEL_REQUESTED: ExecutionCancelRequested,
    EventKind.EXECUTION_CANCELLED: ExecutionCancelled,
    EventKind.TEXT: TextAppended,
    EventKind.CALLED: ToolCalled,
    EventKind.RETURNED: ToolReturned,
    EventKind.ARTIFACT_COMMITTED: ArtifactCommitted,
    EventKind.USAGE_RECORDED: UsageRecorded,
    EventKind.SUB_EXECUTION_STARTED: SubExecutionStarted,
    EventKind.SUB_EXECUTION_FINISHED: SubExecutionFinished,
}
