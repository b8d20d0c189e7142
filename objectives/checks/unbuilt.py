"""Refusing to keep what Callboard would not act upon."""

from collections.abc import Iterable, Mapping
from typing import Any

from spaces.errors import Unimplemented

_EMPTY: tuple[Any, ...] = (None, "", 0, "0", "0s", [], {})


def refuse_unbuilt(values: Mapping[str, Any], names: Mapping[str, str], at: Iterable[str]) -> None:
    """Raises Unimplemented for the first of `values` that is not empty and has one of these names.

    `names` are what the API calls them, by our names; `at` is the path of what holds them, `body` first.
    """
    for name, wire_name in names.items():
        if values.get(name) not in _EMPTY:
            path = ".".join([*list(at)[1:], wire_name])
            raise Unimplemented(f"{path} is not built.")
