"""The events of an objective: their kinds in the run log, and what they are called in the workspace API.

An event's payload in the log is what the API shows, `{"type": T, T: {…}}`, and beside it `contextWindowId`,
`profileId` (who caused it) and, where something took time, `startedAt` and `duration`. Media of a tool's
result stand there as stored blocks: their URLs are made on every read (`objectives.results.blocks`).
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from executions.runlog.events import NewEvent
from objectives.spelling import Prefix, spell, wire_moment


class Kind(StrEnum):
    """A kind of event; what follows it in `TYPES` is its type in the workspace API."""

    STATE_CHANGED = "objective.state_changed"
    USER_MESSAGE = "message.received"
    ASSISTANT_MESSAGE = "message.written"
    REASONING = "reasoning.written"
    APPROVAL_REQUESTED = "tool_call.approval_requested"
    APPROVED = "tool_call.approved"
    DENIED = "tool_call.denied"
    CALLED = "tool_call.started"
    RESULT = "tool_call.completed"
    ERROR = "tool_call.failed"
    COMPACTED = "context_window.compacted"
    SUB_AGENT_SPAWNED = "sub_agent.spawned"
    SUB_AGENT_UPDATED = "sub_agent.updated"
    NOTICE = "notice.given"
    PROVIDER_LOST = "provider.lost"
    PROVIDER_FOUND = "provider.found"
    CONTINUED = "objective.continued"
    CANCELLED = "objective.cancelled"
    TIMED_OUT = "objective.timed_out"
    INTERRUPTED = "objective.interrupted"
    FINALIZED = "objective.finalized"
    FAILED = "objective.failed"
    # In the log and on the websocket only: the workspace API has no such types, and its clients refuse them.
    TEXT = "text.added"  # a piece of text as the model writes it: turn, attempt, offset, text
    RESTARTED = "turn.restarted"  # the turn is asked anew: drop the text of older attempts


TYPES: dict[str, str] = {
    Kind.STATE_CHANGED: "stateChanged",
    Kind.USER_MESSAGE: "userMessage",
    Kind.ASSISTANT_MESSAGE: "assistantMessage",
    Kind.REASONING: "reasoning",
    Kind.APPROVAL_REQUESTED: "toolApprovalRequested",
    Kind.APPROVED: "toolApproved",
    Kind.DENIED: "toolDenied",
    Kind.CALLED: "toolCalled",
    Kind.RESULT: "toolResult",
    Kind.ERROR: "toolError",
    Kind.COMPACTED: "contextWindowCompacted",
    Kind.SUB_AGENT_SPAWNED: "subAgentSpawned",
    Kind.SUB_AGENT_UPDATED: "subAgentUpdated",
    Kind.NOTICE: "notice",
    # Notices too: clients refuse types that they do not know.
    Kind.PROVIDER_LOST: "notice",
    Kind.PROVIDER_FOUND: "notice",
    Kind.CONTINUED: "notice",
    Kind.CANCELLED: "cancelled",
    Kind.TIMED_OUT: "timedOut",
    Kind.INTERRUPTED: "interrupted",
    Kind.FINALIZED: "finalized",
    Kind.FAILED: "error",
}
PUBLIC = frozenset(TYPES)

# What a space's feed shows: changes of state, what waits for people, and what waits for a provider.
IN_FEED = frozenset(
    {
        *(Kind.STATE_CHANGED, Kind.APPROVAL_REQUESTED, Kind.APPROVED, Kind.DENIED),
        *(Kind.PROVIDER_LOST, Kind.PROVIDER_FOUND, Kind.CONTINUED),
    }
)


def event(
    kind: Kind,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    window_id: uuid.UUID | None = None,
    by: uuid.UUID | None = None,
    started_at: datetime | None = None,
) -> NewEvent:
    """A public event; `payload` is the API's for its type, `by` the principal that caused it.

    `started_at` is for what took time up to `now`.
    """
    name = TYPES[kind]
    data: dict[str, Any] = {"type": name, name: dict(payload)}
    data["contextWindowId"] = spell(Prefix.WINDOW, window_id) if window_id else ""
    if by is not None:
        data["profileId"] = spell(Prefix.PROFILE, by)
    if started_at is not None:
        data["startedAt"] = wire_moment(started_at)
        data["duration"] = f"{max((now - started_at).total_seconds(), 0):.6f}".rstrip("0").rstrip(".") + "s"
    return NewEvent(kind, data, now)


def notice(
    kind: Kind,
    key: str,
    message: str,
    *,
    now: datetime,
    is_warning: bool = False,
    by: uuid.UUID | None = None,
    facts: Mapping[str, Any] | None = None,
) -> NewEvent:
    """A notice: a sentence for people, and for programs a `key` with what else there is to know."""
    level = "LEVEL_WARN" if is_warning else "LEVEL_INFO"
    payload = {"level": level, "message": message, "key": key, **(facts or {})}
    return event(kind, payload, now=now, by=by)


def state_name(state: str) -> str:
    """`OBJECTIVE_STATE_RUNNING`."""
    return f"OBJECTIVE_STATE_{state.upper()}"
