"""How states, what somebody wants instead, times and spans of time read in a sentence."""

from datetime import datetime, timedelta

from django.utils import timezone

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


def to_the_second(moment: datetime) -> str:
    """`2026-11-22 12:00:03 UTC`."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")


def in_words(span: timedelta) -> str:
    """`0.31 s`, `42.0 s`, `12 min 05 s`, `3 h 07 min`."""
    total = max(span.total_seconds(), 0.0)
    if total < 10:
        return f"{total:.2f} s"
    if total < 60:
        return f"{total:.1f} s"
    minutes, rest = divmod(round(total), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _plain(name: str) -> str:
    return name.replace("_", " ")
