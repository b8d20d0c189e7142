"""What happens to runs whose worker is gone, or does not obey."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from executions.actions.locking import locked_execution, wait_shortly_for_locks
from executions.actions.running import requeue
from executions.catalog.refusals import BundleRefused
from executions.catalog.resolving import manifest_of
from executions.lifecycle import move
from executions.models import ACTIVE, FailureReason, HeadState, RunHead, SkillExecution, State
from executions.runlog.lease import is_over

BACKOFF = timedelta(seconds=2)
BACKOFF_LIMIT = timedelta(minutes=5)
ENDED_BY_PARENT = "The execution that called this one is over."


def heal_run(*, run_id: uuid.UUID, now: datetime) -> SkillExecution | None:
    """Decide about a run whose lease is over: requeue it where its skill allows, else fail it.

    None where the lease lives, because the worker or another sweeper was faster; idempotent.
    Raises OperationalError where somebody keeps the run locked.
    """
    with transaction.atomic():
        wait_shortly_for_locks()
        head, execution = locked_execution(run_id)
        if not is_over(head):
            return None
        if execution.cancel_requested_at is not None:
            move(execution, head, State.CANCELLED, kind="execution.cancelled", data={}, now=now)
        elif execution.parent_id is not None or execution.attempt < _attempts_allowed(execution):
            # A sub-execution only waits again: for its parent's next attempt, or its parent's end.
            requeue(
                execution, head, reason=FailureReason.WORKER_LOST, delay=backoff(execution.attempt), now=now
            )
        else:
            _fail_as_lost(execution, head, "The worker that ran it vanished.", now=now)
    settle_sub_executions(parent_id=run_id, now=now)
    return execution


def force_cancel(*, run_id: uuid.UUID, now: datetime) -> None:
    """End a run whose worker did not confirm in time; its lease is void, so nothing it still writes is taken.

    Idempotent. Raises OperationalError where somebody keeps the run locked.
    """
    with transaction.atomic():
        wait_shortly_for_locks()
        head, execution = locked_execution(run_id)
        if head.state != HeadState.RUNNING or execution.cancel_requested_at is None:
            return
        move(execution, head, State.CANCELLED, kind="execution.cancelled", data={"forced": True}, now=now)
    settle_sub_executions(parent_id=run_id, now=now)


def settle_sub_executions(*, parent_id: uuid.UUID, now: datetime) -> None:
    """End what an ended execution left open below it, each in its own transaction; idempotent."""
    if not SkillExecution.objects.filter(pk=parent_id).exclude(state__in=ACTIVE).exists():
        return
    for child_id in SkillExecution.objects.filter(parent_id=parent_id, state__in=ACTIVE).values_list(
        "id", flat=True
    ):
        _settle(child_id, parent_id, now)
        settle_sub_executions(parent_id=child_id, now=now)


def backoff(attempt: int) -> timedelta:
    """How long the next attempt waits: 2 s, 4 s, 8 s … at most 5 minutes."""
    doubled: timedelta = BACKOFF * 2 ** (max(attempt, 1) - 1)
    return min(doubled, BACKOFF_LIMIT)


def _settle(child_id: uuid.UUID, parent_id: uuid.UUID, now: datetime) -> None:
    with transaction.atomic():
        wait_shortly_for_locks()
        head, child = locked_execution(child_id)
        if child.is_finished:
            return
        parent = SkillExecution.objects.only("state", "failure_reason").get(pk=parent_id)
        if (
            parent.state == State.FAILED
            and parent.failure_reason == FailureReason.WORKER_LOST
            and child.started_at
        ):
            _fail_as_lost(child, head, ENDED_BY_PARENT, now=now)
        else:
            move(
                child,
                head,
                State.CANCELLED,
                kind="execution.cancelled",
                data={"detail": ENDED_BY_PARENT},
                now=now,
            )


def _fail_as_lost(execution: SkillExecution, head: RunHead, message: str, *, now: datetime) -> None:
    reason = FailureReason.WORKER_LOST.value
    fields = {"failure_reason": reason, "error": {"type": reason, "message": message}}
    execution.failure_reason, execution.error = reason, fields["error"]
    move(execution, head, State.FAILED, kind="execution.failed", data=fields, now=now, also=fields)


def _attempts_allowed(execution: SkillExecution) -> int:
    try:
        return manifest_of(execution.skill_version).max_attempts
    except BundleRefused:
        # Imported under older rules, and not to be run again under these.
        return 1
