"""What becomes of objectives whose worker is gone, or does not obey."""

import uuid
from datetime import datetime

from django.db import transaction

from executions.actions.locking import wait_shortly_for_locks
from executions.runlog.lease import is_over
from executions.runlog.models import HeadState
from objectives.actions.locking import locked_objective
from objectives.actions.stopping import confirm_cancel, confirm_interrupt
from objectives.loop.retrying import try_again
from objectives.models import ObjectiveState

VANISHED = "The worker that ran it vanished."


def heal_objective(*, run_id: uuid.UUID, now: datetime) -> None:
    """Decide about an objective whose lease is over: it is taken up again, but not for ever.

    Nothing where the lease lives, because the worker or another sweeper was faster; idempotent.
    Raises OperationalError where somebody keeps the run locked.
    """
    with transaction.atomic():
        wait_shortly_for_locks()
        head, objective = locked_objective(run_id)
        if not is_over(head):
            return
        if objective.cancel_requested_at is not None:
            confirm_cancel(objective, head, now=now)
        elif objective.state == ObjectiveState.INTERRUPTING:
            confirm_interrupt(objective, head, now=now)
        else:
            try_again(objective, head, VANISHED, now=now)


def force_cancel_objective(*, run_id: uuid.UUID, now: datetime) -> None:
    """End an objective whose worker did not confirm in time; nothing that it still writes is taken.

    Idempotent. Raises OperationalError where somebody keeps the run locked.
    """
    with transaction.atomic():
        wait_shortly_for_locks()
        head, objective = locked_objective(run_id)
        if head.state == HeadState.RUNNING and objective.cancel_requested_at is not None:
            confirm_cancel(objective, head, now=now)
