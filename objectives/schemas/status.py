"""The error object, and what pages carry beside their items."""

from typing import Any

from pydantic import Field

from objectives.schemas.shape import Shape


class Status(Shape):
    """What went wrong, in the form of google.rpc."""

    code: int = Field(examples=[5])
    """The code of google.rpc: 3 invalid, 5 not found, 6 exists already, 7 not permitted, 8 too many requests,
    9 not possible in this state, 12 not built, 13 our fault, 14 unavailable, 16 unauthenticated."""
    message: str = Field(examples=["Not found."])
    """A sentence for people; for wrong fields each with its path."""
    details: list[dict[str, Any]] = Field(default_factory=list)
    """More for programs; empty where there is no more to say."""


class Pagination(Shape):
    """How to go on in a list."""

    next_cursor: str
    """Send it back as `cursor` with the same filters; "" on the last page."""


class Empty(Shape):
    """Nothing: what was asked for is done."""
