"""Refusing to keep what Callboard would not act upon."""

from typing import Any

from spaces.errors import Unimplemented

_EMPTY: tuple[Any, ...] = (None, "", 0, "0", "0s", [], {})


def refuse_unbuilt(value: Any, *loc: str | int) -> None:
    """Raises Unimplemented for a field that is not built, unless it is empty; `loc` begins with `body`."""
    if value not in _EMPTY:
        raise Unimplemented(f"{'.'.join(map(str, loc[1:]))} is not built.")
