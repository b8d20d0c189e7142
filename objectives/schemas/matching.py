"""Choosing tools by what stands in their attributes."""

from typing import ClassVar, Literal

from pydantic import Field

from objectives.schemas.oneof import OneOf
from objectives.schemas.shape import Shape

MOST_CHARACTERS = 1_000  # of a text or a pattern that is looked for


class StringMatcher(OneOf):
    """What a text must be like."""

    beside: ClassVar[frozenset[str]] = frozenset({"case_sensitive"})

    type: Literal["exact", "startsWith", "endsWith", "contains", "regex"]
    """The kind, and the one key that holds what is looked for."""
    exact: str | None = Field(default=None, min_length=1, max_length=MOST_CHARACTERS)
    """The text is this."""
    starts_with: str | None = Field(default=None, min_length=1, max_length=MOST_CHARACTERS)
    """The text begins with this."""
    ends_with: str | None = Field(default=None, min_length=1, max_length=MOST_CHARACTERS)
    """The text ends with this."""
    contains: str | None = Field(default=None, min_length=1, max_length=MOST_CHARACTERS)
    """This is somewhere in the text."""
    regex: str | None = Field(default=None, min_length=1, max_length=MOST_CHARACTERS)
    """This regular expression is found somewhere in the text; `^` and `$` bind it to its ends."""
    case_sensitive: bool | None = None
    """Whether capitals and small letters differ; they do not unless told."""


class AttributeFilter(Shape):
    """An attribute of a tool, and what it must be like."""

    attribute: Literal[
        "ATTRIBUTE_NAME", "ATTRIBUTE_TITLE", "ATTRIBUTE_DESCRIPTION", "ATTRIBUTE_LLM_TOOL_NAME"
    ]
    """Which one. A tool without a title is found by none."""
    matcher: StringMatcher
    """What it must be like."""
