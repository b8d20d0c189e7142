"""The states of tool sets and tools, which may follow which, and the one function that moves a row."""

from collections.abc import Mapping
from typing import Final

from objectives.models import Tool, ToolSet, ToolSetState, ToolState
from spaces.errors import IllegalMove

MOVES: Final[Mapping[type[ToolSet | Tool], Mapping[str, frozenset[str]]]] = {
    ToolSet: {
        ToolSetState.ACTIVE: frozenset({ToolSetState.ARCHIVED}),
        ToolSetState.ARCHIVED: frozenset({ToolSetState.ACTIVE}),
    },
    Tool: {
        ToolState.AVAILABLE: frozenset({ToolState.OMITTED}),
        ToolState.OMITTED: frozenset({ToolState.AVAILABLE}),
        ToolState.ARCHIVED: frozenset(),
    },
}


def move(row: ToolSet | Tool, to: ToolSetState | ToolState) -> None:
    """Move a locked row, which the caller saves; raises IllegalMove, also where it is there already."""
    if to not in MOVES[type(row)][row.state]:
        raise IllegalMove("tool set" if isinstance(row, ToolSet) else "tool", row.state, to)
    row.state = to
