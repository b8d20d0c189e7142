"""Read the limits a skill asks for, bounded by what one may ask for."""

from difflib import get_close_matches
from functools import partial
from typing import Any

from executions.catalog.errors import BundleRefused, Findings
from executions.catalog.values import whole_number
from executions.sandbox.limits import MIB, Limits

# Key in the front matter → field of the sandbox's Limits, its unit, and the most one may ask for.
# What is left out keeps the sandbox's default.
_KEYS = {
    "wall_seconds": ("wall_seconds", 1, 900),
    "cpu_seconds": ("cpu_seconds", 1, 900),
    "memory_mb": ("memory_bytes", MIB, 4096),
    "output_mb": ("output_bytes", MIB, 100),
    "processes": ("processes", 1, 256),
    "workspace_mb": ("workspace_bytes", MIB, 2048),
}
_LEAST = {"memory_mb": 32, "processes": 4}


def read_limits(value: object, path: str) -> Limits:
    """The limits in `value`, a mapping of the keys above to whole numbers."""
    if not isinstance(value, dict):
        raise BundleRefused("must be a mapping", path)
    found, asked = Findings(), dict[str, Any]()
    for key, amount in value.items():
        field, limit = found.read(partial(_limit, key, amount, f"{path}.{key}"), ("", 0))
        asked[field] = limit
    found.require_none()
    return Limits(**asked)


def _limit(key: str, amount: object, path: str) -> tuple[str, int]:
    """The field of the sandbox's Limits that a key means, and the amount in its unit."""
    if key not in _KEYS:
        near = get_close_matches(key, _KEYS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(_KEYS)}"
        raise BundleRefused(f"unknown key; {hint}", path)
    field, unit, most = _KEYS[key]
    return field, unit * whole_number(amount, _LEAST.get(key, 1), most, path)
