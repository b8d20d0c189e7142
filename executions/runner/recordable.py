"""Cut what a model hands to a tool to a length fit for the run's log."""

from typing import Any

MAX_TEXT = 2000


def recordable(value: Any) -> Any:
    """A JSON value with texts of at most 2,000 characters: a written file is not an event."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {key: recordable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [recordable(item) for item in value]
    return value
