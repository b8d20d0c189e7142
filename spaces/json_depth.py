"""How deep JSON from outside may be nested."""

from typing import Any

MAX_DEPTH = 64  # deeper JSON ends in somebody's recursion limit: Python's, PostgreSQL's or the reader's


def is_too_deep(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether objects and arrays are nested deeper than this.

    Level by level, since the depth comes from outside and must not become ours.
    """
    level = [value]
    for _ in range(depth + 1):
        level = [
            item
            for node in level
            if isinstance(node, dict | list)
            for item in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True
