"""A response that broke off, as the model library writes it; web processes do so without the library."""

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
