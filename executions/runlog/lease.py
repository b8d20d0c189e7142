"""Leases: which worker runs what, and the fence that keeps everybody else from writing.

Lease times are the database's clock on both sides, so no two machines need to agree on the time.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from executions.runlog.models import HeadState, RunHead

LEASE_SECONDS = 8
HEARTBEAT_SECONDS = 3
GIVE_UP_SECONDS = 6  # by the worker's own monotonic clock: before anybody else may take the run
SWEEP_SECONDS = 2


class LeaseLost(Exception):
    """The run is no longer this worker's: nothing was written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to a run until it is taken away."""

    run_id: uuid.UUID
    owner: uuid.UUID
    fence: int


def take(head: RunHead, owner: uuid.UUID) -> Lease:
    """Lease a locked, queued head to a worker; sets state, fence, owner and end on the row and on `head`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE executions_runhead
               SET state = 'running', fence = fence + 1, lease_owner = %s, available_at = NULL,
                   lease_until = clock_timestamp() + make_interval(secs => %s)
             WHERE run_id = %s AND state = 'queued'
            RETURNING fence, lease_until
            """,
            [owner, LEASE_SECONDS, head.run_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost
    head.fence, head.lease_until = row
    head.state, head.lease_owner, head.available_at = HeadState.RUNNING, owner, None
    return Lease(head.run_id, owner, head.fence)


def fenced_head(lease: Lease) -> RunHead:
    """The head, locked, if the lease still holds; raises LeaseLost. The first read of a worker's every write."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("fenced_head needs its caller's transaction")
    heads = RunHead.objects.raw(
        """
        SELECT * FROM executions_runhead
         WHERE run_id = %s AND fence = %s AND state = 'running' AND lease_until > clock_timestamp()
           FOR NO KEY UPDATE
        """,
        [lease.run_id, lease.fence],
    )
    for head in heads:
        return head
    raise LeaseLost


@dataclass(frozen=True, slots=True)
class Renewal:
    """One lease after a heartbeat: whether somebody asked for the run to be cancelled."""

    run_id: uuid.UUID
    fence: int
    cancel_requested: bool


def renew(owner: uuid.UUID, leases: Iterable[Lease]) -> list[Renewal]:
    """Prolong the leases that still hold, in one statement; those missing from the answer are lost."""
    fences = {lease.run_id: lease.fence for lease in leases}
    if not fences:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE executions_runhead SET lease_until = clock_timestamp() + make_interval(secs => %s)
             WHERE run_id = ANY(%s) AND lease_owner = %s AND state = 'running' AND lease_until > clock_timestamp()
            RETURNING run_id, fence, cancel_requested_at IS NOT NULL
            """,
            [LEASE_SECONDS, list(fences), owner],
        )
        rows = cursor.fetchall()
    return [Renewal(run_id, fence, asked) for run_id, fence, asked in rows if fences[run_id] == fence]


def release(head: RunHead, state: HeadState) -> None:
    """Give the lease up on a locked head; the caller saves `LEASE_FIELDS`."""
    head.state, head.lease_owner, head.lease_until, head.available_at = state, None, None, None


LEASE_FIELDS = ["state", "lease_owner", "lease_until", "available_at", "seq", "last_event_id"]


def overdue(limit: int = 100) -> list[uuid.UUID]:
    """Runs whose worker has not renewed its lease in time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT run_id FROM executions_runhead
             WHERE state <> 'ended' AND state = 'running' AND lease_until < clock_timestamp() LIMIT %s
            """,
            [limit],
        )
        return [row[0] for row in cursor.fetchall()]
