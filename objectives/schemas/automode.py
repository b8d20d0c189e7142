"""Auto mode: questions whose answers may spare people the approval of a tool call."""

from typing import Literal

from pydantic import Field

from objectives.schemas.shape import Number, Shape

MOST_QUESTIONS = 20
MOST_CHARACTERS = 2_000  # of a question, and of the message


class AutoModeQuestion(Shape):
    """A question about a tool call that is answered by a score from 0 (no) to 1 (yes)."""

    question: str = Field(min_length=1, max_length=MOST_CHARACTERS, pattern=r"\S")
    """The question, to which yes speaks for the call."""
    threshold: Number = Field(ge=0, le=1)
    """The least score with which the question is passed."""


class AutoModeConfig(Shape):
    """When a call may be made without asking people, and what happens otherwise."""

    questions: list[AutoModeQuestion] = Field(min_length=1, max_length=MOST_QUESTIONS)
    """What is asked about each call."""
    passing_mode: Literal["PASSING_MODE_ALL", "PASSING_MODE_NONE", "PASSING_MODE_MOST"]
    """How many questions must be passed: all, none, or more than half of them."""
    failure_message: str | None = Field(default=None, max_length=MOST_CHARACTERS)
    """With it, a call that does not pass is denied, and this is what the model reads. Without it people are
    asked."""
