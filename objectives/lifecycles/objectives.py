"""Which state of an objective may follow which, and the one function that moves it.

Locks go: head, objective, its tool calls, then the space's feed. Whoever moves an objective from outside
puts its head into the queue; a worker that has it leased looks again under the head's lock before it parks.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from executions.models import RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.feed import append_to_feed
from executions.runs.lease import LEASE_FIELDS, release
from executions.runs.log import NewEvent, append
from executions.runs.models import HeadState, RunEvent
from executions.runs.queue import enqueue_continuation, enqueue_run
from executions.runs.wakeups import tell_worker_after_commit
from objectives.events import IN_FEED, PUBLIC, event
from objectives.models import OVER, Objective, ObjectiveState
from spaces.errors import IllegalMove

_S = ObjectiveState
MOVES: dict[str, frozenset[str]] = {
    _S.PENDING: frozenset({_S.RUNNING, _S.INTERRUPTING, _S.CANCELLED, _S.FAILED, _S.TIMED_OUT}),
    _S.RUNNING: frozenset({_S.WAITING, _S.INTERRUPTING, _S.FINALIZED, _S.FAILED, _S.CANCELLED, _S.TIMED_OUT}),
    _S.WAITING: frozenset({_S.RUNNING, _S.INTERRUPTING, _S.FINALIZED, _S.FAILED, _S.CANCELLED, _S.TIMED_OUT}),
    _S.INTERRUPTING: frozenset({_S.WAITING, _S.FAILED, _S.CANCELLED, _S.TIMED_OUT}),
    _S.FINALIZED: frozenset(),
    _S.FAILED: frozenset({_S.RUNNING}),  # by nobody but `actions.resuming`, where the cause may pass
    _S.CANCELLED: frozenset(),
    _S.TIMED_OUT: frozenset(),
}
# Tasks that follow an end; each derives everything from rows. The first two tell the caller of a child
# objective (its id) or of a skill execution (the tool call's id), the third stops what an objective started.
CHILD_ENDED = "objectives.child_ended"
EXECUTION_ENDED = "objectives.execution_ended"
STOP_BELOW = "objectives.stop_below"


def check_move(objective: Objective, to: str) -> None:
    """Raises IllegalMove unless the objective may go to that state."""
    if to not in MOVES[objective.state]:
        raise IllegalMove("objective", objective.state, to)


def move(
    objective: Objective,
    head: RunHead,
    to: ObjectiveState,
    *,
    now: datetime,
    message: str = "",
    first: Sequence[NewEvent] = (),
    also: Iterable[str] = (),
) -> list[RunEvent]:
    """Move a locked objective; its events, head and feed move in the same transaction.

    `first` are events that belong before `stateChanged` (a terminal move's own, say); `also` names the
    fields that the caller has set and that this move owns. The head is saved here. Raises IllegalMove.
    """
    check_move(objective, to)
    came_from, objective.state = objective.state, to
    objective.state_message = message
    fields = {"state", "state_message", "event_count", *also, *_stamp(objective, to, now)}
    if came_from in OVER:
        head.state = HeadState.PARKED  # its log goes on
    facts: dict[str, Any] = {"from_state": came_from, "state": to}
    if message:
        facts["message"] = message
    changed = event(EventKind.STATE_CHANGED, facts, now=now)
    rows = append(head, [*first, changed])
    objective.event_count += sum(row.kind in PUBLIC for row in rows)
    objective.save(update_fields=sorted(fields))
    _settle_head(head, to)
    if to in OVER and objective.parent_id is not None:
        enqueue_continuation(CHILD_ENDED, objective.id)
    if to in OVER and objective.tool_calls.filter(run_id__isnull=False).exists():
        enqueue_continuation(STOP_BELOW, objective.id)
    append_to_feed(head.space_id, [row for row in rows if row.kind in IN_FEED])
    return rows


def note(
    objective: Objective, head: RunHead, events: Sequence[NewEvent], *, also: Iterable[str] = ()
) -> list[RunEvent]:
    """Append events that move nothing, to a locked objective; saves head and count.

    `also` names fields that the caller has set, to be saved along.
    """
    rows = append(head, events)
    head.save(update_fields=["seq", "last_event_id"])
    fields = set(also)
    public = sum(row.kind in PUBLIC for row in rows)
    if public:
        objective.event_count += public
        fields.add("event_count")
    if fields:
        objective.save(update_fields=sorted(fields))
    append_to_feed(head.space_id, [row for row in rows if row.kind in IN_FEED])
    return rows


def put_in_queue(head: RunHead) -> None:
    """Have a worker look at a locked run: the one that holds it, or the next that is free."""
    if head.state == HeadState.RUNNING:
        tell_worker_after_commit(head.run_id)
    if head.state != HeadState.PARKED:
        return
    head.state, head.available_at = HeadState.QUEUED, Now()
    head.save(update_fields=["state", "available_at"])
    enqueue_run(head.run_id, head.kind)


def _stamp(objective: Objective, to: str, now: datetime) -> set[str]:
    """Set what the new state owns beside itself; the names of those fields."""
    fields = set()
    if to == ObjectiveState.RUNNING and objective.started_at is None:
        objective.started_at = now
        fields.add("started_at")
    if to in OVER:
        objective.finished_at, objective.idle_since = now, None
        fields |= {"finished_at", "idle_since"}
    elif objective.finished_at is not None:
        objective.finished_at, objective.error_type = None, ""
        fields |= {"finished_at", "error_type"}
    if to != ObjectiveState.RUNNING and objective.provider_unavailable_since is not None:
        fields |= forget_outage(objective)
    return fields


def forget_outage(objective: Objective) -> set[str]:
    """Nobody waits for the provider of a locked objective any more; the names of the fields to save."""
    objective.provider_unavailable_since = objective.next_try_at = None
    objective.provider_message, objective.failures = "", 0
    return {"provider_unavailable_since", "next_try_at", "provider_message", "failures"}


def _settle_head(head: RunHead, to: str) -> None:
    if to in OVER:
        release(head, HeadState.ENDED)
    elif to == ObjectiveState.WAITING:
        release(head, HeadState.PARKED)
    head.save(update_fields=LEASE_FIELDS)
