"""Tool calls: the seed page's object, and what is sent to decide them."""

from typing import Self

from pydantic import Field

from objectives.client_versions import NEWEST, Dialect
from objectives.ids import Json
from objectives.models import CallKind, ToolCall
from objectives.schemas.automode import AutoModeConfig
from objectives.schemas.metadata import BareMetadata, OperationMetadata, Profile
from objectives.schemas.shape import Shape

# The one key of the API's `callable`, by kind of call; what the model made up has none.
CALLABLE_KEYS: dict[str, str] = {
    CallKind.TOOL: "tool",
    CallKind.AGENT: "agent",
    CallKind.SKILL: "cadenyaProvidedTool",
    CallKind.SEARCH: "cadenyaProvidedTool",
    CallKind.READING: "cadenyaProvidedTool",
}


class ResolvedSecret(Shape):
    """A secret that went into a call: its name and where it came from, never its value."""

    key: str
    """The secret's name."""
    source: str
    """`RESOLVED_SECRET_SOURCE_` and `WORKSPACE`, `TOOLSET` or `OBJECTIVE`."""


class DecisionScore(Shape):
    """How a question of an auto mode was answered."""

    score: float
    """From 0 (certainly no) to 1 (certainly yes)."""
    passed: bool
    """Whether that reaches the question's threshold."""


class DecisionScores(Shape):
    """An evaluation of an auto mode that has ended."""

    auto_mode: AutoModeConfig
    """What was asked."""
    scores: list[DecisionScore]
    """One for each question, in order."""
    approved: bool
    """Whether the call was approved by it. Otherwise it was denied with the `failureMessage`, or people were
    asked where there is none."""


class ToolCallData(Shape):
    """What was called, with what, and who decided."""

    callable: Json
    """What was called: `type`, and under the one key of that name (`tool`, `agent` or `cadenyaProvidedTool`)
    its ResourceMetadata. Empty where the model asked for what it was not offered."""
    arguments: Json
    """The arguments, pinned parameters included."""
    resolved_secrets: list[ResolvedSecret]
    """The secrets that went into the call."""
    memo: str | None = None
    """Why it was denied; left out elsewhere."""
    status_changed_by: Profile | None = None
    """Who approved or denied it; left out where nobody had to."""
    decision_scores: DecisionScores | None = None
    """What the tool set's auto mode found; left out where it was not asked."""


class ToolCallInfo(Shape):
    """Where a call belongs."""

    objective: OperationMetadata
    """Its objective."""
    created_by: Profile | None = None
    """On whose behalf the objective runs."""
    tool: BareMetadata | None = None
    """The tool, where it is one."""
    tool_set: BareMetadata | None = None
    """The tool's set."""


class ToolCallResult(Shape):
    """What a call gave."""

    content: list[Json]
    """Blocks: `type`, and under the one key of that name `text` {text, sizeBytes}, or `image` or `audio`
    {url, mimeType, sizeBytes, expiresAt}. A URL is made on each read, lives 15 minutes and needs no key. A
    `text` that stands for more has a `whole` {url, mimeType, sizeBytes, expiresAt}: all of a text of which it
    is head and tail, or a file that is no text."""


class ToolCallSchema(Shape):
    """A call of a tool, a sub-agent or a skill that the model asked for."""

    metadata: OperationMetadata
    """Identity."""
    data: ToolCallData
    """The call itself: what, with what, and who decided."""
    status: str
    """`TOOL_CALL_STATUS_` and `AUTO_APPROVED`, `WAITING_FOR_APPROVAL`, `APPROVED` or `DENIED`."""
    execution_status: str
    """`TOOL_CALL_EXECUTION_STATUS_` and `PENDING`, `RUNNING`, `WAITING_FOR_CONTENT`, `COMPLETED`, `ERRORED`
    or `INTERRUPTED`."""
    info: ToolCallInfo | None = None
    """Where it belongs; in lists only with `includeInfo`."""

    @classmethod
    def of(
        cls,
        row: ToolCall,
        *,
        metadata: OperationMetadata,
        decided_by: Profile | None,
        info: ToolCallInfo | None,
        dialect: Dialect = NEWEST,
    ) -> Self:
        execution = f"TOOL_CALL_EXECUTION_STATUS_{row.execution.upper()}"
        return cls(
            metadata=metadata,
            data=ToolCallData(
                callable=callable_of(row),
                arguments=row.arguments,
                resolved_secrets=[
                    ResolvedSecret(key=one["key"], source=one["source"]) for one in row.resolved_secrets
                ],
                memo=row.memo,
                status_changed_by=decided_by,
                decision_scores=row.decision_scores,
            ),
            status=f"TOOL_CALL_STATUS_{row.approval.upper()}",
            execution_status=dialect.execution_status(execution),
            info=info,
        )


class ToolCallWithResult(ToolCallSchema):
    """A single tool call, with what it gave."""

    resolved_secrets: list[ResolvedSecret]
    """The same as `data.resolvedSecrets`, where clients before 1.0 read them."""
    result: ToolCallResult | None = None
    """What it gave; left out until it is completed."""


def callable_of(call: ToolCall) -> Json:
    """What was called, as the API writes it: one variant, or nothing for what there is not."""
    key = CALLABLE_KEYS.get(call.kind)
    return {"type": key, key: call.callable} if key else {}


class DenyBody(Shape):
    """Why a call is denied."""

    memo: str = Field(default="", max_length=10_000)
    """Told to the model, and kept."""


class TextContent(Shape):
    """Text that is supplied."""

    text: str = Field(max_length=1_000_000)
    """The text."""


class MediaContent(Shape):
    """An image or a sound that is supplied."""

    data: str
    """Its bytes, in base64."""
    mime_type: str = Field(min_length=1, max_length=255)
    """What it is, such as `image/png`."""


class ContentBlock(Shape):
    """One block of content: exactly one of its keys beside `type`, which may be left out."""

    type: str | None = None
    """The name of the one other key."""
    text: TextContent | None = None
    """Text."""
    image: MediaContent | None = None
    """An image."""
    audio: MediaContent | None = None
    """A sound."""


class ContentBody(Shape):
    """What a bare tool's call is answered with."""

    content: list[ContentBlock] = Field(min_length=1, max_length=100)
    """The blocks, in order."""
