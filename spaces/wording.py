"""How states, and what somebody wants instead, read in a sentence."""

# "This objective …"; a state that is not here reads as it is called: "is cancelled".
_STANDING = {
    "auto_approved": "needs no approval",
    "draft": "is a draft",
    "errored": "has failed",
    "failed": "has failed",
    "interrupting": "is being interrupted",
    "sent": "has been sent",
    "succeeded": "has succeeded",
    "timed_out": "has timed out",
}
# "… cannot …"; whatever is not here, a state or what is done by a verb, reads "be retried".
_WANTED = {
    "active": "be unarchived",
    "auto_approved": "be approved",
    "available": "be restored",
    "draft": "be unpublished",
    "errored": "fail",
    "failed": "fail",
    "interrupting": "be interrupted",
    "pending": "be queued",
    "running": "run",
    "succeeded": "succeed",
    "timed_out": "time out",
    "waiting": "wait",
    "waiting_for_approval": "wait for approval",
    "waiting_for_content": "wait for content",
}


def refusal_of(noun: str, current: str, wanted: str) -> str:
    """Why something in the state `current` cannot have `wanted` done to it, or go there: one sentence."""
    standing = standing_of(current)
    asked = _WANTED.get(wanted, f"be {_plain(wanted)}")
    if standing == asked.replace("be ", "is ", 1):
        return f"This {noun} {standing} already."
    return f"This {noun} {standing} and cannot {asked}."


def standing_of(state: str) -> str:
    """`is running`, `has failed`: what follows after "This objective"."""
    return _STANDING.get(state, f"is {_plain(state)}")


def _plain(name: str) -> str:
    return name.replace("_", " ")
