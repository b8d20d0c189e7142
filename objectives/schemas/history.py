"""What happened in an objective: events, context windows, queued actions, feedback, diagnostics."""

from typing import Any

from pydantic import Field

from objectives.ids import Json
from objectives.schemas.metadata import BareMetadata, NewOperation, OperationMetadata, Profile
from objectives.schemas.shape import Moment, Number, Shape


class EventInfo(Shape):
    """Where an event belongs."""

    created_by: Profile
    """Who caused it."""
    objective: OperationMetadata | None = None
    """Its objective."""


class ObjectiveEvent(Shape):
    """One thing that happened."""

    metadata: OperationMetadata
    """Identity; ids ascend in the order of the events."""
    data: Json
    """`type`, and under the one key of that name what happened."""
    context_window_id: str
    """The context window it belongs to, "" for none."""
    info: EventInfo | None = None
    """Where it belongs; in lists only with `includeInfo`."""
    started_at: Moment | None = None
    """When what took time began."""
    duration: str | None = None
    """How long it took, such as `4.1s`."""


class ContextWindowData(Shape):
    """One stretch of the conversation that the model sees whole."""

    objective_id: str
    """The objective."""
    sequence: int
    """Its number, from 1."""
    prompt_tokens: int
    """Tokens read by the requests made in it."""
    completion_tokens: int
    """Tokens written by them."""
    previous_window_continue_instructions: str
    """What was handed on from the window before, "" for the first."""


class ContextWindowInfo(Shape):
    """Where a window belongs."""

    objective: OperationMetadata | None = None
    """Its objective."""
    created_by: Profile | None = None
    """On whose behalf the objective runs."""


class ContextWindowSchema(Shape):
    """A context window."""

    metadata: OperationMetadata
    """Identity."""
    data: ContextWindowData
    """What it is."""
    info: ContextWindowInfo | None = None
    """Where it belongs; only with `includeInfo`."""


class QueuedActionSchema(Shape):
    """Something to be done between two turns."""

    metadata: OperationMetadata
    """Identity."""
    objective_id: str
    """The objective."""
    data: Json
    """`type`, and under the one key of that name `userMessage` {content} or `compaction`."""
    state: str
    """`STATE_` and `QUEUED`, `SENT`, `REMOVED` or `DISCARDED`."""
    sent_at: Moment | None = None
    """When it was done."""
    objective_event_id: str | None = None
    """The event that it became."""


class CompactAnswer(QueuedActionSchema):
    """A queued compaction, and the window that goes on, which clients before 1.7 read."""

    context_window: ContextWindowData
    """The newest window at present."""


class FeedbackData(Shape):
    """What somebody thought of an objective."""

    score: Number = Field(ge=-1, le=1)
    """From -1 to 1."""
    comment: str = Field(default="", max_length=10_000)
    """Why."""


class FeedbackInfo(Shape):
    """Where feedback belongs."""

    submitted_by: Profile
    """Who gave it."""
    objective: BareMetadata | None = None
    """What it is about."""
    agent_variation: BareMetadata | None = None
    """The variation that worked on it."""


class ObjectiveFeedback(Shape):
    """Feedback on an objective."""

    metadata: OperationMetadata
    """Identity."""
    data: FeedbackData
    """What was said."""
    info: FeedbackInfo
    """Where it belongs."""


class FeedbackBody(Shape):
    """Feedback to be kept."""

    metadata: NewOperation = Field(default_factory=NewOperation)
    """Identity."""
    data: FeedbackData
    """What is said."""


class ContextLengths(Shape):
    """Lengths in characters of what the model is sent."""

    system_prompt: int
    """The system prompt."""
    skills_memory: int = 0
    """Not built: always 0."""
    episodic_memory: int = 0
    """Not built: always 0."""
    available_tools: int
    """Names and descriptions of what may be called."""
    tool_definitions: int
    """Their JSON Schemas."""
    user_messages: int
    """What people said in this window."""
    assistant_messages: int
    """What the model said in this window."""
    tool_results: int
    """What tools gave in this window."""


class Diagnostics(Shape):
    """What fills the newest context window."""

    context_lengths: ContextLengths
    """Characters by kind."""
    input_tokens: int
    """Tokens read by the newest request."""
    cached_input_tokens: int
    """Of these, read from the provider's cache."""


class DiagnosticsAnswer(Shape):
    """Diagnostics of an objective."""

    diagnostics: Diagnostics
    """What the newest request read, and what fills the window."""


class ObjectiveTool(Shape):
    """What an objective may call."""

    metadata: BareMetadata
    """Identity."""
    snapshot: Json
    """The Tool as it was when the objective was made."""


class ContinueAnswer(Shape):
    """What became of a message: said at once (`event`), or queued (`queuedAction`).

    The keys of what it became stand at the top as well, where clients before 1.7 read them.
    """

    type: str
    """`event` or `queuedAction`."""
    event: ObjectiveEvent | None = None
    """The message's event."""
    queued_action: QueuedActionSchema | None = None
    """The queued message."""

    def wire(self) -> dict[str, Any]:
        inner = self.event or self.queued_action
        # Those clients take a queued message for an event, which has a window.
        return {"contextWindowId": "", **(inner.wire() if inner else {}), **super().wire()}
