"""Values of ordinary libraries as JSON knows them; the libraries are never imported."""

import datetime as dt
import os
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_MOST_DIGITS = 300  # of a whole Decimal that is given as such


def plain(value: Any) -> Any:
    """`value` of what JSON knows; libraries are known by what their values can do, not imported."""
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    return _scalar(value)


def _key(key: Any) -> Any:
    """As `json` makes text of keys; what else is a scalar is text, too."""
    name = plain(key)
    return name if name is None or isinstance(name, str | bool | int | float) else str(key)


def _scalar(value: Any) -> Any:
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind in ("M", "m"):
        return [plain(item) for item in value] if getattr(value, "shape", ()) else _numpy_time(value, kind)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        is_whole = (
            value.is_finite() and value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()
        )
        return int(value) if is_whole else float(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return _unwrapped(value)


def _unwrapped(value: Any) -> Any:
    """What only gives itself back, or nothing, is left to `json`, which says that it cannot."""
    if isinstance(value, os.PathLike | uuid.UUID):
        return str(value)
    for method in ("tolist", "item"):
        if hasattr(value, method):
            given = getattr(value, method)()
            return given if type(given) is type(value) else plain(given)
    return value


def _numpy_time(value: Any, kind: str) -> Any:
    """A numpy.datetime64 as ISO 8601, a numpy.timedelta64 in seconds."""
    if str(value) == "NaT":
        return None
    return str(value) if kind == "M" else value / type(value)(1, "s")
