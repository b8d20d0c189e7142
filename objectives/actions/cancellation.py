"""Cancelling an objective, or only its turn: somebody asks, and whoever runs it confirms."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction

from executions.models import OPEN as OPEN_EXECUTIONS, RunHead, RunKind, SkillExecution
from executions.runs.event_kinds import EventKind
from executions.runs.locks import locked
from executions.runs.log import NewEvent
from executions.runs.models import HeadState, RunEvent
from executions.runs.registry import Below
from executions.runs.verbs import request_cancel
from executions.runs.wakeups import tell_worker_after_commit
from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.actions.partial_messages import keep_partial
from objectives.actions.queued_actions import discard_actions, newest_window
from objectives.actions.wakeup import has_open_calls
from objectives.events import event
from objectives.lifecycles.calls import give_up
from objectives.lifecycles.objectives import check_move, move
from objectives.models import (
    OPEN,
    SETTLED,
    CallKind,
    FinishReason,
    Objective,
    ObjectiveState,
    ToolCall,
)
from spaces.access import SpaceAccess
from spaces.errors import IllegalMove

BY_PERSON = "Stopped by request."
BY_PARENT = "The objective that called this one was stopped."


def cancel_objective(
    *, access: SpaceAccess, objective_id: uuid.UUID, reason: str, now: datetime
) -> Objective:
    """End an objective and everything that it started.

    One that no worker holds is cancelled at once; one that is being worked on as soon as its worker confirms,
    within seconds. Asking again changes nothing. Raises IllegalMove once it is over in another way, NotFound.
    """
    access.require(MANAGE_OBJECTIVES)
    why, by = reason or BY_PERSON, access.principal_id
    objective: Objective = request_cancel(
        RunKind.OBJECTIVE, objective_id, access.space_id, by=by, why=why, now=now
    )
    return objective


def interrupt_objective(*, access: SpaceAccess, objective_id: uuid.UUID, now: datetime) -> RunEvent:
    """Interrupt an objective's turn; sub-agents and skills that were called go on, unheard.

    The objective then waits for a message. Returns the last event so far: `interrupted` itself where no
    worker had to confirm. Raises IllegalMove unless a turn goes on, NotFound.
    """
    access.require(MANAGE_OBJECTIVES)
    with transaction.atomic():
        head, objective = locked(Objective, objective_id, access.space_id)
        check_move(objective, ObjectiveState.INTERRUPTING)
        if objective.state == ObjectiveState.WAITING and not has_open_calls(objective):
            raise IllegalMove("objective", objective.state, ObjectiveState.INTERRUPTING)
        objective.interrupt_requested_at = now
        rows = move(objective, head, ObjectiveState.INTERRUPTING, now=now, also=["interrupt_requested_at"])
        if head.state == HeadState.RUNNING:
            tell_worker_after_commit(objective_id)
            return rows[-1]
        return confirm_interrupt(objective, head, now=now)


def confirm_interrupt(objective: Objective, head: RunHead, *, now: datetime) -> RunEvent:
    """End the turn of a locked objective that is being interrupted; the event `interrupted`."""
    partial = keep_partial(objective, FinishReason.INTERRUPTED, now=now)
    given_up = give_up_calls(objective, now=now)
    message = {"message": "The turn was interrupted."}
    stopped = event(EventKind.INTERRUPTED, message, now=now, window_id=newest_window(objective).id)
    objective.interrupt_requested_at, objective.is_interrupted, objective.idle_since = None, True, now
    also = ["interrupt_requested_at", "is_interrupted", "idle_since"]
    first = [*partial, *given_up, stopped]
    return move(objective, head, ObjectiveState.WAITING, now=now, first=first, also=also)[len(first) - 1]


def confirm_cancel(objective: Objective, head: RunHead, /, *, now: datetime, **_: object) -> None:
    """End a locked objective whose cancelling was asked for."""
    message = objective.state_message or BY_PERSON
    payload: dict[str, object] = {"message": message}
    end(objective, head, ObjectiveState.CANCELLED, kind=EventKind.CANCELLED, payload=payload, now=now)


def end(
    objective: Objective,
    head: RunHead,
    to: ObjectiveState,
    *,
    kind: EventKind,
    payload: dict[str, object],
    now: datetime,
    first: Sequence[NewEvent] = (),
    also: Iterable[str] = (),
) -> None:
    """Move a locked objective to its end: open calls are given up, queued actions discarded.

    What its model had written of a response that broke off stays, as a partial message.

    `payload` is that of the terminal event; `first` are events that the caller has for before it, `also`
    names fields which the caller has set for this move.
    """
    ending = FinishReason.INTERRUPTED if to == ObjectiveState.CANCELLED else FinishReason.CUT_OFF
    partial = keep_partial(objective, ending, now=now)
    given_up = give_up_calls(objective, now=now)
    discard_actions(objective)
    last = event(kind, payload, now=now, window_id=newest_window(objective).id)
    before = [*first, *partial, *given_up, last]
    move(objective, head, to, now=now, message=str(payload.get("message", "")), first=before, also=also)


def give_up_calls(objective: Objective, *, now: datetime) -> list[NewEvent]:
    """Nothing more comes of the open calls of a locked objective; what there is to say of them."""
    open_calls = ToolCall.objects.filter(objective=objective).exclude(SETTLED)
    calls = open_calls.select_related("step").defer("step__request", "step__response")
    locked = calls.select_for_update(no_key=True, of=("self",)).order_by("created_at", "id")
    return [event for call in locked for event in give_up(call, now=now)]


def open_below(objective_id: uuid.UUID) -> Iterator[Below]:
    """The sub-agents and skills that an objective has started and in which something may still happen."""
    children = Objective.objects.filter(parent_id=objective_id, state__in=OPEN)
    for child_id, space_id in children.values_list("id", "space_id"):
        yield RunKind.OBJECTIVE, child_id, space_id
    called = ToolCall.objects.filter(objective_id=objective_id, kind=CallKind.SKILL).values("run_id")
    skills = SkillExecution.objects.filter(pk__in=called, state__in=OPEN_EXECUTIONS)
    for run_id, space_id in skills.values_list("id", "space_id"):
        yield RunKind.EXECUTION, run_id, space_id
