"""Which state of an execution may follow which, and the one function that moves it.

A claim is moved by a statement instead, which a test holds against this (`executions.actions.claim`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from executions.models import OVER, RunEvent, RunHead, SkillExecution, State
from executions.runs.event_kinds import EventKind
from executions.runs.feed import append_to_feed
from executions.runs.lease import LEASE_FIELDS, release
from executions.runs.log import NewEvent, append
from executions.runs.models import HeadState
from executions.runs.queue import enqueue_continuation
from spaces.errors import IllegalMove

MOVES: dict[str, frozenset[str]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
    State.RUNNING: frozenset({State.QUEUED, State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}

# What the log says once a state is reached. It is queued again by a retry only: the first time it is made so.
EVENTS: dict[str, EventKind] = {
    State.QUEUED: EventKind.RETRIED,
    State.RUNNING: EventKind.STARTED,
    State.SUCCEEDED: EventKind.SUCCEEDED,
    State.FAILED: EventKind.EXECUTION_FAILED,
    State.CANCELLED: EventKind.EXECUTION_CANCELLED,
}


def check_move(execution: SkillExecution, to: str) -> None:
    """Raises IllegalMove unless the execution may go to that state."""
    if to not in MOVES[execution.state]:
        raise IllegalMove("execution", execution.state, to)


def move(
    execution: SkillExecution,
    head: RunHead,
    to: str,
    *,
    data: Mapping[str, Any],
    now: datetime,
    also: Iterable[str] = (),
) -> RunEvent:
    """Move a locked execution; its event, its head and its space's feed move in the same transaction.

    `also` names the fields that the caller has set and that this move owns. The event's payload gets
    the state and its times, so that whoever folds events over a snapshot arrives at the row.
    Raises IllegalMove.
    """
    check_move(execution, to)
    execution.state = to
    fields = {"state", *also}
    stamps = _stamp(execution, to, now)
    fields.update(stamps)
    execution.save(update_fields=sorted(fields))
    payload = {
        "state": to,
        **{name: value for name, value in stamps.items() if name != "wallclock_ms"},
        **data,
    }
    if "wallclock_ms" in stamps:
        payload["resource_usage"] = resource_usage(execution)
        payload["workspace_archive_id"] = execution.workspace_archive_id
    event = append(head, [NewEvent(EVENTS[to], payload, now)])[0]
    _settle_head(head, to)
    if to in OVER and execution.continuation_task and execution.continuation_id:
        # Whoever waits for this end is told by a job of this transaction; nobody calls upward.
        enqueue_continuation(execution.continuation_task, execution.continuation_id)
    append_to_feed(head.space_id, [event])
    return event


class HasUsage(Protocol):
    """A row that carries an execution's usage, whether it is the model's or a statement's."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cost_usd(self) -> Decimal: ...
    @property
    def wallclock_ms(self) -> int | None: ...
    @property
    def iteration_count(self) -> int: ...


def resource_usage(execution: HasUsage) -> dict[str, Any]:
    """Tokens, cost (US dollars, a decimal as text), milliseconds and iterations, as the API shows them."""
    return {
        "input_tokens": execution.input_tokens,
        "output_tokens": execution.output_tokens,
        "cost_usd": f"{execution.cost_usd.normalize():f}" if execution.cost_usd else "0",
        "wallclock_ms": execution.wallclock_ms,
        "iteration_count": execution.iteration_count,
    }


def _stamp(execution: SkillExecution, to: str, now: datetime) -> dict[str, Any]:
    """Set the times that the new state owns; returns them by field name."""
    if to == State.RUNNING:
        execution.attempt += 1
        execution.started_at = execution.started_at or now
        return {"attempt": execution.attempt, "started_at": execution.started_at}
    if to in OVER:
        execution.finished_at = now
        started = execution.started_at
        execution.wallclock_ms = round((now - started).total_seconds() * 1000) if started else None
        return {"finished_at": now, "wallclock_ms": execution.wallclock_ms}
    return {}


def _settle_head(head: RunHead, to: str) -> None:
    if to in OVER:
        release(head, HeadState.ENDED)
    head.save(update_fields=LEASE_FIELDS)
