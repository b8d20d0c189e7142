"""The bodies of starting and dispatching, and how both are answered."""

from typing import Any

from pydantic import Field

from executions.actions.creation import MAX_FILES
from executions.api.schemas import ExecutionAnswer
from spaces.api.idempotency import idempotency_header
from spaces.api.request_bodies import Body
from spaces.chat_ids import MAX_CHAT_ID

IDEMPOTENCY_KEY = idempotency_header(
    "The same key with the same body returns the first execution (200), with another body 409. "
    "It counts for one principal in one space."
)
STARTED = {
    201: (ExecutionAnswer, "The new execution, queued."),
    200: (ExecutionAnswer, "The same was asked for before: that execution."),
}
_MODEL = "A model alias that the space allows; without it the space's default is used."


class StartBody(Body):
    """What to start a skill with."""

    inputs: dict[str, Any] = Field(
        description="The skill's inputs, checked against its inputs schema.",
        examples=[{"question": "Which month sold most?"}],
    )
    file_source_ids: list[str] = Field(
        default=[],
        max_length=MAX_FILES,
        description="Names of files in the caller's collection, staged under `inputs/materials/`: the newest "
        "of each name at this moment, in every attempt and retry. Names that it does not hold are skipped, "
        "and told in the execution's progress.",
        examples=[["sales.csv"]],
    )
    model: str | None = Field(default=None, description=_MODEL)


class DispatchBody(Body):
    """A chat's tool call."""

    arguments: dict[str, Any] = Field(
        description="The tool's arguments, checked against its `arguments_schema`.",
        examples=[{"question": "Which month sold most?"}],
    )
    thread_id: str | None = Field(
        default=None, min_length=1, max_length=MAX_CHAT_ID, description="The chat's thread."
    )
    message_id: str | None = Field(
        default=None, min_length=1, max_length=MAX_CHAT_ID, description="The chat's message."
    )
    tool_call_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_CHAT_ID,
        description="The id that the model gave the call, by which the lookup finds the execution. "
        "Compared exactly; it may be any text without NUL.",
        examples=["call_Zx81"],
    )
    uploaded_files: list[str] = Field(
        default=[],
        max_length=MAX_FILES,
        description="Names of files in the caller's collection, staged as `file_source_ids` of a start are.",
    )
    model: str | None = Field(default=None, description=_MODEL)
