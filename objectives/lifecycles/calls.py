"""The two axes of a tool call, which values may follow which, and the one function for each that moves it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from executions.runs.event_kinds import EventKind
from executions.runs.log import NewEvent
from objectives.events import call_event
from objectives.ids import Json
from objectives.models import ApprovalStatus, CallError, ExecutionStatus, ToolCall
from spaces.errors import IllegalMove

_A, _E = ApprovalStatus, ExecutionStatus
APPROVAL_MOVES: dict[str, frozenset[str]] = {
    _A.AUTO_APPROVED: frozenset(),
    # To AUTO_APPROVED by the scores of its tool set's auto mode.
    _A.WAITING_FOR_APPROVAL: frozenset({_A.APPROVED, _A.DENIED, _A.AUTO_APPROVED}),
    _A.APPROVED: frozenset(),
    _A.DENIED: frozenset(),
}
EXECUTION_MOVES: dict[str, frozenset[str]] = {
    _E.PENDING: frozenset({_E.RUNNING, _E.WAITING_FOR_CONTENT, _E.COMPLETED, _E.ERRORED, _E.INTERRUPTED}),
    # A bare tool is called at once and then waits; what is safe to repeat begins again under a newer fence.
    # What is not may have had its effect: from here it is never INTERRUPTED but ERRORED, `outcome_unknown`.
    _E.RUNNING: frozenset({_E.RUNNING, _E.COMPLETED, _E.ERRORED, _E.INTERRUPTED}),
    _E.WAITING_FOR_CONTENT: frozenset({_E.COMPLETED, _E.ERRORED, _E.INTERRUPTED}),
    _E.COMPLETED: frozenset(),
    _E.ERRORED: frozenset(),
    _E.INTERRUPTED: frozenset(),
}
CUT_OFF = (
    "The call was interrupted and its outcome is unknown: it may have taken effect. "
    "Check before you repeat it."
)


def standing(call: ToolCall) -> str:
    """Where a call stands, of its two axes the one that says more."""
    return call.approval if call.execution == ExecutionStatus.PENDING else call.execution


def decide(call: ToolCall, to: ApprovalStatus, *, also: Iterable[str] = ()) -> None:
    """Move a locked call on the axis of approval and save it; raises IllegalMove.

    What waits may be decided only while it has not been given up (`INTERRUPTED`).
    """
    is_open = call.execution == ExecutionStatus.PENDING
    if to not in APPROVAL_MOVES[call.approval] or not is_open:
        raise IllegalMove("tool call", standing(call), to)
    call.approval, call.awaits_judgement = to, False
    call.save(update_fields=sorted({"approval", "awaits_judgement", *also}))


def ask_people(call: ToolCall, expires_seconds: float | None, *, now: datetime) -> NewEvent:
    """Leave a locked call that waits to people, for so long or (None) for good; the event that says so."""
    call.awaits_judgement = False
    if expires_seconds is not None:
        call.approval_expires_at = now + timedelta(seconds=expires_seconds)
    _save(call, {"approval_expires_at", "awaits_judgement"})
    return call_event(EventKind.APPROVAL_REQUESTED, call, now=now)


def execute(call: ToolCall, to: ExecutionStatus, *, now: datetime, also: Iterable[str] = ()) -> None:
    """Move a locked call on the axis of execution and save it; raises IllegalMove.

    Nothing but giving up is possible before the approval, and nothing at all once it is denied. What may have
    acted is not given up as if it had not.
    """
    allowed = EXECUTION_MOVES[call.execution]
    if call.may_have_acted:
        allowed = allowed - {ExecutionStatus.INTERRUPTED}
    if call.approval == ApprovalStatus.WAITING_FOR_APPROVAL:
        allowed = allowed & {ExecutionStatus.INTERRUPTED}
    elif call.approval == ApprovalStatus.DENIED:
        allowed = frozenset()
    if to not in allowed:
        raise IllegalMove("tool call", standing(call), to)
    call.execution = to
    fields = {"execution", *also}
    if to in {ExecutionStatus.RUNNING, ExecutionStatus.WAITING_FOR_CONTENT} and call.started_at is None:
        call.started_at = now
        fields.add("started_at")
    if to in {ExecutionStatus.COMPLETED, ExecutionStatus.ERRORED, ExecutionStatus.INTERRUPTED}:
        call.settled_at = now
        fields.add("settled_at")
    _save(call, fields)


def _save(call: ToolCall, fields: Iterable[str]) -> None:
    """A call that is only about to be inserted, by whoever asks for it, takes its moves along."""
    if not call._state.adding:
        call.save(update_fields=sorted(fields))


def complete(call: ToolCall, blocks: list[Json], *, now: datetime) -> NewEvent:
    """Give a locked call its result (stored blocks); the event that says so, for the caller to append."""
    call.result = blocks
    execute(call, ExecutionStatus.COMPLETED, now=now, also=["result"])
    return call_event(
        EventKind.RETURNED, call, now=now, started_at=call.started_at, is_error=False, content=blocks
    )


def fail(call: ToolCall, error: CallError, message: str, *, now: datetime) -> NewEvent:
    """End a locked call without a result; the event that says so, for the caller to append."""
    call.error_type, call.error_message = error, message
    execute(call, ExecutionStatus.ERRORED, now=now, also=["error_type", "error_message"])
    return call_event(
        EventKind.RETURNED, call, now=now, started_at=call.started_at, is_error=True, summary=message
    )


def cut_off(call: ToolCall, *, now: datetime) -> NewEvent:
    """End a locked call that is under way and must not be repeated; the event, for the caller to append."""
    return fail(call, CallError.OUTCOME_UNKNOWN, CUT_OFF, now=now)


def give_up(call: ToolCall, *, now: datetime) -> list[NewEvent]:
    """End a locked call of which nothing more comes; the events that say so, for the caller to append.

    None for what certainly had no effect, or one that does not count: its objective's own event says enough.
    """
    if call.may_have_acted:
        return [cut_off(call, now=now)]
    execute(call, ExecutionStatus.INTERRUPTED, now=now)
    return []
