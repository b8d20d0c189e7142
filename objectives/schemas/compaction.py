"""How a conversation is shortened when it fills the model's context window."""

from pydantic import Field

from objectives.schemas.shape import Number, Shape, Whole


class Summarization(Shape):
    """Have the model sum up what is old."""

    instructions: str | None = None
    """What to keep, in words for the model."""


class ToolResultClearing(Shape):
    """Leave out what tools returned long ago."""

    preserve_recent_results: Whole | None = Field(default=None, ge=0, le=2**31 - 1)
    """How many of the newest results stay: 2 unless told."""


class CompactionConfig(Shape):
    """When and how a conversation is shortened."""

    trigger_threshold: Number | None = Field(default=None, ge=0, le=1)
    """The part of the context window that has to be full: 0.75 unless told."""
    summarization: Summarization | None = None
    """Sum up what is old."""
    tool_result_clearing: ToolResultClearing | None = None
    """Leave out what tools returned long ago; tried first."""
