"""Whether a conversation is too long for its model, and leaving old results out of it."""

from collections.abc import Sequence

from executions.inference.interface import Message
from objectives.planning.plan import Plan

THRESHOLD = 0.75  # of what the model can read, where the variation says nothing else
CLEARED = "[This result was left out to save room.]"


def compaction_due(plan: Plan, input_tokens: int) -> bool:
    """Whether a request that was as long as this fills too much of what the model can read."""
    share = float((plan.compaction or {}).get("triggerThreshold") or THRESHOLD)
    return plan.context_tokens > 0 and input_tokens >= share * plan.context_tokens


def clear_results(messages: Sequence[Message], preserved: int) -> tuple[list[Message], int]:
    """The messages without the content of results, but for the newest `preserved`; how many were cleared."""
    results = [
        part for message in messages for part in message["parts"] if part["part_kind"] == "tool-return"
    ]
    old = {id(part) for part in results[: max(len(results) - preserved, 0)]}
    return [_cleared(message, old) for message in messages], len(old)


def _cleared(message: Message, old: set[int]) -> Message:
    if not any(id(part) in old for part in message["parts"]):
        return message
    nothing = {"content": CLEARED, "metadata": None}
    parts = [{**part, **nothing} if id(part) in old else part for part in message["parts"]]
    return {**message, "parts": parts}
