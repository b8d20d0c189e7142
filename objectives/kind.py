"""How objectives are run: what workers, sweepers and the shared verbs ask about them."""

import uuid
from datetime import datetime

from django.utils import timezone

from executions.models import RunHead, RunKind
from executions.runlog.kinds import Chore, KindOfRun, register_kind
from objectives.actions.expiring import (
    expire_approval,
    expire_content,
    expired_approvals,
    expired_contents,
    idle_objectives,
    time_out_objective,
)
from objectives.actions.stopping import BY_PARENT, confirm_cancel, confirm_interrupt, open_below
from objectives.lifecycles.objectives import check_move, move
from objectives.loop.retrying import try_again
from objectives.models import Objective, ObjectiveState, ToolCall


def register() -> None:
    """Called once, when the app is ready."""
    register_kind(
        KindOfRun(
            name=RunKind.OBJECTIVE,
            model=Objective,
            attempt="objectives.loop.attempt.run_attempt",
            check_move=check_move,
            start=_start,
            cancel=confirm_cancel,
            lost=_lost,
            open_below=open_below,
            stopped_with_caller=BY_PARENT,
            chores=(
                Chore("decide in default", _late_approvals, _expire_approval),
                Chore("end without content", _late_contents, _expire_content),
                Chore("time out", _idle, _time_out),
            ),
        )
    )


def _start(objective: Objective, head: RunHead, *, now: datetime) -> None:
    objective.attempt += 1
    if objective.state == ObjectiveState.PENDING:
        move(objective, head, ObjectiveState.RUNNING, now=now, also=["attempt"])
    else:
        objective.save(update_fields=["attempt"])


def _lost(objective: Objective, head: RunHead, *, now: datetime) -> None:
    if objective.state == ObjectiveState.INTERRUPTING:
        confirm_interrupt(objective, head, now=now)
    else:
        try_again(objective, head, "The worker that ran it vanished.", now=now)


def _late_approvals() -> list[uuid.UUID]:
    return [call_id for _, call_id in expired_approvals(timezone.now())]


def _late_contents() -> list[uuid.UUID]:
    return [call_id for _, call_id in expired_contents(timezone.now())]


def _idle() -> list[uuid.UUID]:
    return idle_objectives(timezone.now())


def _expire_approval(call_id: uuid.UUID, now: datetime) -> None:
    expire_approval(objective_id=_objective_of(call_id), call_id=call_id, now=now)


def _expire_content(call_id: uuid.UUID, now: datetime) -> None:
    expire_content(objective_id=_objective_of(call_id), call_id=call_id, now=now)


def _time_out(objective_id: uuid.UUID, now: datetime) -> None:
    time_out_objective(objective_id=objective_id, now=now)


def _objective_of(call_id: uuid.UUID) -> uuid.UUID:
    return ToolCall.objects.values_list("objective_id", flat=True).get(pk=call_id)
