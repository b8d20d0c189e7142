"""Whether a conversation is too long for its model."""

from objectives.planning.plan import Plan

THRESHOLD = 0.75  # of what the model can read, where the variation says nothing else


def most_tokens(plan: Plan) -> int:
    """How many tokens a request may make its model read before the window is compacted; 0: not known."""
    share = float((plan.compaction or {}).get("triggerThreshold") or THRESHOLD)
    return int(share * plan.context_tokens)


def compaction_due(plan: Plan, input_tokens: int) -> bool:
    """Whether a request of so many tokens fills too much of what the model can read."""
    return plan.context_tokens > 0 and input_tokens >= most_tokens(plan)
