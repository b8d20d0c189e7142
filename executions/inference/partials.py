"""A response that broke off, in the model library's own JSON: written by web processes, which do without it."""

from datetime import datetime

from executions.inference.interface import Message


def partial_response(text: str, *, at: datetime) -> Message:
    """What was written of a response that broke off."""
    return {
        "kind": "response",
        "parts": [{"part_kind": "text", "content": text}],
        "timestamp": at.isoformat(),
        "state": "interrupted",
    }
