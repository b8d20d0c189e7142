"""Every kind of event in an execution's log, with the payload it carries.

The README's section "Live stream" lists exactly these; a test compares, and another compares with what is written.
"""

from typing import Any, Literal, TypedDict


class ResourceUsage(TypedDict):
    """Tokens, US dollars as a decimal text, milliseconds, turns."""

    input_tokens: int
    output_tokens: int
    cost_usd: str
    wallclock_ms: int | None
    iteration_count: int


class Queued(TypedDict):
    """The execution was made and waits for a worker."""

    state: Literal["queued"]
    skill_slug: str
    skill_version: str
    source: str
    created_at: str
    parent_execution_id: str | None
    chat_thread_id: str | None
    chat_message_id: str | None
    chat_tool_call_id: str | None


class Started(TypedDict):
    """A worker took it; `attempt` counts from 1, `fence` counts claims."""

    state: Literal["running"]
    attempt: int
    started_at: str
    fence: int


class Progressed(TypedDict):
    """How far it says it is: 0 to 1, null where it cannot tell."""

    fraction: float | None
    message: str | None


class Retried(TypedDict):
    """It is back in the queue for a further attempt, for a failure reason or a worker's `shutdown`."""

    state: Literal["queued"]
    reason: str
    attempt: int
    available_at: str | None


class Succeeded(TypedDict):
    """It ended with outputs."""

    state: Literal["succeeded"]
    finished_at: str
    resource_usage: ResourceUsage
    outputs: dict[str, Any]


class Failed(TypedDict):
    """It ended without; `failure_reason` is the code, `error` has `type` and `message`."""

    state: Literal["failed"]
    finished_at: str
    resource_usage: ResourceUsage
    failure_reason: str
    error: dict[str, Any]


class CancelRequested(TypedDict):
    """Somebody asked it to stop; it still runs."""

    cancel_requested_at: str
    requested_by: str | None


class Cancelled(TypedDict, total=False):
    """It stopped because somebody asked; `forced` where its worker did not confirm in time."""

    state: Literal["cancelled"]
    finished_at: str
    resource_usage: ResourceUsage
    requested_by: str | None
    forced: bool
    detail: str


class TextAppended(TypedDict):
    """The next piece of what it writes for people."""

    text: str


class ToolCalled(TypedDict):
    """A tool is about to be used; `call_id` joins it with its return."""

    call_id: str
    name: str
    arguments: dict[str, Any]


class ToolReturned(TypedDict):
    """The tool answered; `summary` is the beginning of what it said."""

    call_id: str
    name: str
    is_error: bool
    summary: str


class ArtifactCommitted(TypedDict):
    """A file was kept; ask for the execution to get a link to it."""

    artifact_id: str
    relpath_in_workspace: str
    document_type: str | None
    content_type: str
    size_bytes: int


class UsageRecorded(TypedDict):
    """What one model request cost; already added to the execution's usage."""

    model: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: str


class SubExecutionStarted(TypedDict):
    """It called another skill."""

    execution_id: str
    call_key: str
    skill_slug: str
    skill_version: str


class SubExecutionFinished(TypedDict):
    """The skill that it called is over."""

    execution_id: str
    call_key: str
    state: str
    failure_reason: str | None


KINDS: dict[str, type] = {
    "execution.queued": Queued,
    "execution.started": Started,
    "execution.progressed": Progressed,
    "execution.retried": Retried,
    "execution.succeeded": Succeeded,
    "execution.failed": Failed,
    "execution.cancel_requested": CancelRequested,
    "execution.cancelled": Cancelled,
    "text.appended": TextAppended,
    "tool.called": ToolCalled,
    "tool.returned": ToolReturned,
    "artifact.committed": ArtifactCommitted,
    "usage.recorded": UsageRecorded,
    "sub_execution.started": SubExecutionStarted,
    "sub_execution.finished": SubExecutionFinished,
}

# The kinds that a space's feed has too, there without `outputs`.
FEED_KINDS = frozenset(kind for kind in KINDS if kind.startswith("execution.")) - {"execution.progressed"}
