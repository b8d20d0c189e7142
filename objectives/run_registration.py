"""How objectives are run: what workers, sweepers and the shared verbs ask about them."""

import uuid
from collections.abc import Collection
from datetime import datetime

from executions.models import RunHead, RunKind
from executions.runs.registry import Chore, RunRegistration, register_run
from objectives.actions.cancellation import BY_PARENT, confirm_cancel, confirm_interrupt, open_below
from objectives.actions.expiry import (
    expire_approval,
    expire_content,
    expired_approvals,
    expired_contents,
    idle_objectives,
    time_out_objective,
)
from objectives.agent_loop.endings import try_again
from objectives.lifecycles.objectives import check_move, move
from objectives.models import Objective, ObjectiveState


def register() -> None:
    """Called once, when the app is ready."""
    register_run(
        RunRegistration(
            name=RunKind.OBJECTIVE,
            model=Objective,
            attempt="objectives.agent_loop.attempt.run_attempt",
            is_agent=True,
            check_move=check_move,
            start=_start,
            cancel=confirm_cancel,
            lost=_lost,
            interrupted=_interrupted,
            open_below=open_below,
            stopped_with_caller=BY_PARENT,
            chores=(
                Chore("decide in default", expired_approvals, expire_approval),
                Chore("end without content", expired_contents, expire_content),
                Chore("time out", idle_objectives, time_out_objective),
            ),
        )
    )


def _interrupted(run_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    asked = Objective.objects.filter(pk__in=run_ids, interrupt_requested_at__isnull=False)
    return list(asked.values_list("pk", flat=True))


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
        try_again(objective, head, "Its worker was lost.", now=now)
