"""Reading and giving back an objective that this worker has leased; every write begins here."""

from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from executions.models import RunHead
from executions.runlog.lease import LEASE_FIELDS, Lease, fenced_head, release
from executions.runlog.models import HeadState
from executions.runlog.queue import enqueue_run
from executions.runner.patience import ask_patiently
from executions.worker.keeper import Held
from objectives.models import Objective


def read_objective(held: Held[Any]) -> Objective:
    """The objective as it is now, not locked; raises LeaseLost where the database stays away too long."""
    return ask_patiently(lambda: Objective.objects.get(pk=held.lease.run_id), check=held.require)


def leased_objective(lease: Lease) -> tuple[RunHead, Objective]:
    """Head and row, locked until the caller's transaction ends; raises LeaseLost."""
    head = fenced_head(lease)
    return head, Objective.objects.select_for_update(no_key=True).get(pk=lease.run_id)


def requeue(head: RunHead, delay: timedelta = timedelta(0)) -> None:
    """Put a locked, leased run back into the queue, to be taken after `delay` by the database's clock."""
    release(head, HeadState.QUEUED)
    head.save(update_fields=LEASE_FIELDS)
    RunHead.objects.filter(pk=head.pk).update(available_at=Now() + delay)
    head.refresh_from_db(fields=["available_at"])
    enqueue_run(head.run_id, head.kind, at=head.available_at if delay else None)


def park(head: RunHead) -> None:
    """Leave a locked, leased run until somebody puts it into the queue again."""
    release(head, HeadState.PARKED)
    head.save(update_fields=LEASE_FIELDS)
