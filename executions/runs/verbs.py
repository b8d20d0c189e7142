"""What can happen to a run of any kind: it is asked to stop, stopped by force, healed, queued again."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from executions.runs.lease import LEASE_FIELDS, is_over, release
from executions.runs.locks import locked, wait_shortly_for_locks
from executions.runs.models import HeadState, RunHead
from executions.runs.queue import AT_FRONT, enqueue_run
from executions.runs.registry import registration
from executions.runs.wakeups import tell_worker_after_commit

CANCELLED = "cancelled"  # the state of that name, which every kind has
BACKOFF_LIMIT = timedelta(minutes=5)


def request_cancel(
    kind: str,
    run_id: uuid.UUID,
    space_id: uuid.UUID,
    *,
    by: uuid.UUID | None,
    now: datetime,
    why: str = "",
    is_cascade: bool = False,
) -> Any:
    """Ask that a run stops, and all that it has started; the run.

    One that no worker holds is cancelled at once; one that is held runs on until its worker confirms, or the
    sweeper forces it. Asking again changes nothing. Raises NotFound, and IllegalMove once it is over in
    another way; where `is_cascade`, that changes nothing either.
    """
    of = registration(kind)
    with transaction.atomic():
        head, run = locked(of.model, run_id, space_id)
        if run.state != CANCELLED and not (is_cascade and run.is_over):
            of.check_move(run, CANCELLED)
            if head.cancel_requested_at is None:
                run.save(update_fields=run.ask_to_cancel(by=by, why=why, now=now))
                # The sweeper forces what is not confirmed in time: between machines only the database's
                # clock counts.
                head.cancel_requested_at = Now()
                head.save(update_fields=["cancel_requested_at"])
                if head.state != HeadState.RUNNING:
                    of.cancel(run, head, now=now, requested_by=by)
                else:
                    tell_worker_after_commit(run_id)
                    if of.note_cancel is not None:
                        of.note_cancel(run, head, now=now)
    cancel_below(kind, run_id, by=by, now=now)
    return run


def cancel_below(kind: str, run_id: uuid.UUID, *, by: uuid.UUID | None, now: datetime) -> None:
    """Ask the same of what a run has started, each in a transaction of its own; idempotent."""
    for child_kind, child_id, space_id in registration(kind).open_below(run_id):
        why = registration(child_kind).stopped_with_caller
        request_cancel(child_kind, child_id, space_id, by=by, now=now, why=why, is_cascade=True)


def force_cancel(kind: str, run_id: uuid.UUID, *, now: datetime) -> None:
    """End a run whose worker did not confirm in time; its lease is void, so nothing it still writes is taken.

    Idempotent. Raises OperationalError where somebody keeps the run locked.
    """
    of = registration(kind)
    with transaction.atomic():
        wait_shortly_for_locks()
        head, run = locked(of.model, run_id)
        if head.state != HeadState.RUNNING or run.cancel_requested_at is None:
            return
        of.cancel(run, head, now=now, forced=True)
    if of.settle is not None:
        of.settle(run_id, now)


def heal(kind: str, run_id: uuid.UUID, *, now: datetime) -> None:
    """Decide about a run whose lease is over: cancelled where that was asked for, else its kind decides.

    Nothing where the lease lives, because the worker or another sweeper was faster; idempotent.
    Raises OperationalError where somebody keeps the run locked.
    """
    of = registration(kind)
    with transaction.atomic():
        wait_shortly_for_locks()
        head, run = locked(of.model, run_id)
        if not is_over(head):
            return
        if run.cancel_requested_at is not None:
            of.cancel(run, head, now=now)
        else:
            of.lost(run, head, now=now)
    if of.settle is not None:
        of.settle(run_id, now)


def requeue(head: RunHead, delay: timedelta = timedelta(0)) -> None:
    """Put a locked, leased run back into the queue, with its job, to be taken after `delay`.

    It had its turn: it goes before runs that nobody has begun.
    """
    release(head, HeadState.QUEUED)
    with connection.cursor() as cursor:
        # Who may claim when is a matter between workers, so it goes by the database's clock.
        cursor.execute("SELECT clock_timestamp() + make_interval(secs => %s)", [delay.total_seconds()])
        head.available_at = cursor.fetchone()[0]
    head.save(update_fields=LEASE_FIELDS)
    at = head.available_at if delay else None
    enqueue_run(head.run_id, head.kind, at=at, priority=AT_FRONT)


def park(head: RunHead) -> None:
    """Leave a locked, leased run until somebody puts it into the queue again."""
    release(head, HeadState.PARKED)
    head.save(update_fields=LEASE_FIELDS)


def backoff(tries: int, *, first: timedelta, limit: timedelta = BACKOFF_LIMIT) -> timedelta:
    """How long the next try waits: `first` after one, then twice as long each time, at most `limit`."""
    doublings = min(max(tries, 1) - 1, 16)
    doubled: timedelta = first * 2**doublings
    return min(doubled, limit)
