"""Labels on a tool that decide what the API has no field for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from spaces.errors import Invalid

EXPIRES = "callboard/approval-expires"
DEFAULT = "callboard/approval-default"
SAFE = "callboard/safe-to-repeat"
DEFAULTS = ("deny", "approve")


@dataclass(frozen=True)
class ToolRules:
    """What the labels say; a label that is absent leaves the default.

    `approval_expires_seconds` None means that an approval waits for ever, `is_safe_to_repeat` None that the
    tool itself tells (a GET is).
    """

    approval_expires_seconds: float | None = None
    approval_default: str = "deny"
    is_safe_to_repeat: bool | None = None


def read_tool_labels(labels: Mapping[str, str]) -> ToolRules:
    """The rules of a tool; raises Invalid for a label of ours with another value than it may have."""
    default = labels.get(DEFAULT, "deny")
    if default not in DEFAULTS:
        raise _wrong(DEFAULT, f"Must be {' or '.join(DEFAULTS)}.")
    safe = labels.get(SAFE)
    if safe not in {None, "true", "false"}:
        raise _wrong(SAFE, "Must be true or false.")
    return ToolRules(_expires(labels), default, None if safe is None else safe == "true")


def check_tool_labels(labels: Mapping[str, str], *_: str | int) -> None:
    """Raises Invalid for a label of ours with another value than it may have."""
    read_tool_labels(labels)


def _expires(labels: Mapping[str, str]) -> float | None:
    if EXPIRES not in labels:
        return None
    try:
        seconds = float(labels[EXPIRES])
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 10 * 365 * 86_400 or not math.isfinite(seconds):
        raise _wrong(EXPIRES, "Must be a number of seconds above 0.")
    return seconds


def _wrong(label: str, message: str) -> Invalid:
    return Invalid.field("body", "metadata", "labels", label, msg=message)
