"""What happens to executions whose worker is gone, and to those whose caller is over."""

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction

from executions.actions.cancellation import cancel, open_below
from executions.actions.leased import requeue
from executions.catalog.errors import BundleRefused
from executions.catalog.selectors import manifest_of
from executions.lifecycle import move
from executions.models import OPEN, FailureReason, RunHead, SkillExecution, State
from executions.runs.locks import locked, wait_shortly_for_locks
from executions.runs.stale import LIMIT
from executions.runs.verbs import backoff

FIRST_BACKOFF = timedelta(seconds=2)
ENDED_BY_PARENT = "The calling execution has ended."


def retry_or_fail(execution: SkillExecution, head: RunHead, *, now: datetime) -> None:
    """Requeue a locked execution whose worker is gone where its skill allows, else fail it."""
    if execution.parent_id is not None or execution.attempt < _attempts_allowed(execution):
        # A sub-execution only waits again: for its parent's next attempt, or its parent's end.
        delay = backoff(execution.attempt, first=FIRST_BACKOFF)
        requeue(execution, head, reason=FailureReason.WORKER_LOST, delay=delay, now=now)
    else:
        _fail_as_lost(execution, head, "Its worker was lost.", now=now)


def settle_sub_executions(parent_id: uuid.UUID, now: datetime) -> None:
    """End what an ended execution left open below it, each in its own transaction; idempotent."""
    if not SkillExecution.objects.filter(pk=parent_id).exclude(state__in=OPEN).exists():
        return
    for _, child_id, _ in open_below(parent_id):
        _settle(child_id, parent_id, now)
        settle_sub_executions(child_id, now)


def callers_that_ended(_: datetime) -> list[uuid.UUID]:
    """Executions that are over and have called others that are not."""
    with connection.cursor() as cursor:
        cursor.execute(_CALLERS_THAT_ENDED, [LIMIT])
        return [row[0] for row in cursor.fetchall()]


def _settle(child_id: uuid.UUID, parent_id: uuid.UUID, now: datetime) -> None:
    with transaction.atomic():
        wait_shortly_for_locks()
        head, child = locked(SkillExecution, child_id)
        if child.is_over:
            return
        parent = SkillExecution.objects.only("state", "failure_reason").get(pk=parent_id)
        is_lost = (parent.state, parent.failure_reason) == (State.FAILED, FailureReason.WORKER_LOST)
        if is_lost and child.started_at:
            _fail_as_lost(child, head, ENDED_BY_PARENT, now=now)
        else:
            cancel(child, head, now=now, detail=ENDED_BY_PARENT)


def _fail_as_lost(execution: SkillExecution, head: RunHead, message: str, *, now: datetime) -> None:
    reason = FailureReason.WORKER_LOST.value
    fields = {"failure_reason": reason, "error": {"type": reason, "message": message}}
    execution.failure_reason, execution.error = reason, fields["error"]
    move(execution, head, State.FAILED, data=fields, now=now, also=fields)


def _attempts_allowed(execution: SkillExecution) -> int:
    try:
        return manifest_of(execution.skill_version).max_attempts
    except BundleRefused:
        # Imported under older rules, and not to be run again under these.
        return 1


# Only what is held, or waits for its caller alone, is looked through: by `head_held`.
_CALLERS_THAT_ENDED = """
SELECT DISTINCT parent.id FROM executions_runhead AS head
  JOIN executions_skillexecution AS child ON child.id = head.run_id
  JOIN executions_skillexecution AS parent ON parent.id = child.parent_id
 WHERE (head.state = 'running' OR (head.state = 'queued' AND head.available_at IS NULL))
   AND parent.state IN ('succeeded', 'failed', 'cancelled') LIMIT %s
"""
