"""Leases: which worker runs what, and the fence that keeps everybody else from writing.

Lease times are the database's clock on both sides, so no two machines need to agree on the time.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

from django.db import connection, transaction
from django.db.models import DateTimeField, Func
from django.db.models.expressions import CombinedExpression

from executions.runlog.events import NUMBER_NEXT, NewEvent, append
from executions.runlog.models import HeadState, RunHead

LEASE_SECONDS = 8
HEARTBEAT_SECONDS = 3
GIVE_UP_SECONDS = 6  # by the worker's own monotonic clock: before anybody else may take the run
IN_LINE_SECONDS = 1
SWEEP_SECONDS = 2


class LeaseLost(Exception):
    """The run is no longer this worker's: nothing was written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to a run until it is taken away."""

    run_id: uuid.UUID
    owner: uuid.UUID
    fence: int
    space_id: uuid.UUID


# Leasing heads of one `kind` for `owner`; what else a claim sets, and which heads it means, comes in between.
SET_LEASE: LiteralString = f"""
UPDATE executions_runhead
   SET state = 'running', fence = fence + 1, lease_owner = %(owner)s, available_at = NULL,
       lease_until = clock_timestamp() + make_interval(secs => {LEASE_SECONDS})"""  # noqa: S608 - texts of our own
WAITING: LiteralString = " WHERE kind = %(kind)s AND state = 'queued'"
# One run that waits for a worker, `run_id`, unless its space is in `avoid`:
ONE: LiteralString = """
   AND run_id = %(run_id)s AND available_at <= statement_timestamp()
   AND NOT (space_id = ANY(%(avoid)s::uuid[]))"""
# Of those that `oldest_waiting` found, `run_ids`, the first that nobody else holds:
FIRST: LiteralString = """
   AND run_id = (
    SELECT run_id FROM executions_runhead
     WHERE run_id = ANY(%(run_ids)s::uuid[]) AND kind = %(kind)s AND state = 'queued'
       AND available_at <= statement_timestamp()
     ORDER BY available_at, run_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
 )"""
_TAKE: LiteralString = f"{SET_LEASE}, {NUMBER_NEXT} {WAITING}"
_TAKEN: LiteralString = "RETURNING run_id, space_id, fence, seq, last_event_id"
# Leasing a head and numbering the event that says so, whose new id is `event_id`. These are the beginning
# of the statement that also moves the row and writes that event: what they return.
TAKE: LiteralString = f"{_TAKE} {ONE} {_TAKEN}"
# A run that only its caller's worker runs, `run_id`:
TAKE_CALLED: LiteralString = f"{_TAKE} AND run_id = %(run_id)s AND available_at IS NULL {_TAKEN}"
TAKE_FIRST: LiteralString = f"{_TAKE} {FIRST} {_TAKEN}"

# The waiting spaces are walked by index, one step a space: a long queue of one space costs nothing.
_OLDEST = """
WITH RECURSIVE waiting AS (
    (SELECT space_id FROM executions_runhead
      WHERE state = 'queued' AND available_at IS NOT NULL ORDER BY space_id LIMIT 1)
    UNION ALL
    SELECT (SELECT head.space_id FROM executions_runhead AS head
             WHERE head.state = 'queued' AND head.available_at IS NOT NULL
               AND head.space_id > waiting.space_id ORDER BY head.space_id LIMIT 1)
      FROM waiting WHERE waiting.space_id IS NOT NULL
)
SELECT oldest.run_id
  FROM waiting CROSS JOIN LATERAL (
      SELECT head.run_id, head.available_at FROM executions_runhead AS head
       WHERE head.state = 'queued' AND head.available_at <= statement_timestamp()
         AND head.space_id = waiting.space_id
       ORDER BY head.available_at, head.run_id LIMIT %s
  ) AS oldest
 WHERE NOT (waiting.space_id = ANY(%s))
 ORDER BY oldest.available_at, oldest.run_id LIMIT %s
"""
_CANDIDATES = 16  # a few more than one: the oldest may be in another worker's hands at this moment


def oldest_waiting(*, avoid: Collection[uuid.UUID] = ()) -> list[uuid.UUID]:
    """The runs that have waited longest for a worker, outside the spaces in `avoid`, oldest first; a few."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, [_CANDIDATES, list(avoid), _CANDIDATES])
        return [row[0] for row in cursor.fetchall()]


def lease_of(head: RunHead) -> Lease:
    """The lease on a head that is running; raises ValueError for one that is not."""
    if head.lease_owner is None:
        raise ValueError(f"Nobody has leased {head.run_id}.")
    return Lease(head.run_id, head.lease_owner, head.fence, head.space_id)


def lease_end() -> CombinedExpression:
    """When a lease taken or renewed now is over, by the database's clock; for the update of a fenced head."""
    clock = Func(function="clock_timestamp", output_field=DateTimeField())
    return clock + timedelta(seconds=LEASE_SECONDS)


def fenced_head(lease: Lease) -> RunHead:
    """The head, locked, if the lease still holds; raises LeaseLost. The first read of every write."""
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


def renew(leases: Iterable[Lease]) -> set[uuid.UUID]:
    """Prolong the leases that still hold, in one statement; the runs whose lease was prolonged.

    A head that somebody has locked is left out rather than waited for: one stuck transaction must not cost
    a worker its other leases. Try again well before the lease is over, or `renew_in_line`; `look` says which
    are lost.
    """
    fences = {lease.run_id: lease.fence for lease in leases}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE executions_runhead SET lease_until = clock_timestamp() + make_interval(secs => %s)
             WHERE run_id IN (
                SELECT head.run_id FROM executions_runhead AS head
                  JOIN unnest(%s::uuid[], %s::bigint[]) AS held (run_id, fence)
                    ON head.run_id = held.run_id AND head.fence = held.fence
                 WHERE head.state = 'running' AND head.lease_until > clock_timestamp()
                   FOR NO KEY UPDATE OF head SKIP LOCKED
             ) RETURNING run_id
            """,
            [LEASE_SECONDS, list(fences), list(fences.values())],
        )
        return {row[0] for row in cursor.fetchall()}


def renew_in_line(lease: Lease) -> bool:
    """Prolong one lease that still holds, standing in line for its head for a second; whether it was done.

    A head that many want is hardly ever free: whoever never stands in line loses it. Raises OperationalError
    where the line is longer.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{IN_LINE_SECONDS}s"])
        cursor.execute(
            """
            UPDATE executions_runhead SET lease_until = clock_timestamp() + make_interval(secs => %s)
             WHERE run_id = %s AND fence = %s AND state = 'running' AND lease_until > clock_timestamp()
            """,
            [LEASE_SECONDS, lease.run_id, lease.fence],
        )
        return bool(cursor.rowcount == 1)


def look(leases: Iterable[Lease]) -> dict[uuid.UUID, bool]:
    """The runs whose lease still holds, and whether somebody asked to cancel each; takes no lock."""
    fences = {lease.run_id: lease.fence for lease in leases}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT run_id, fence, cancel_requested_at IS NOT NULL FROM executions_runhead
             WHERE run_id = ANY(%s) AND state = 'running' AND lease_until > clock_timestamp()
            """,
            [list(fences)],
        )
        rows = cursor.fetchall()
    return {run_id: asked for run_id, fence, asked in rows if fences[run_id] == fence}


def is_over(head: RunHead) -> bool:
    """Whether a locked head is leased by somebody who did not renew in time."""
    if head.state != HeadState.RUNNING:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s < clock_timestamp()", [head.lease_until])
        return bool(cursor.fetchone()[0])


def append_and_renew(lease: Lease, events: Sequence[NewEvent]) -> None:
    """Append to a leased run's log; raises LeaseLost. Needs its caller's transaction.

    Renews the lease as well: a run that writes without a pause keeps its head locked, and the heartbeat,
    which waits for nobody, would never get to it.
    """
    head = fenced_head(lease)
    append(head, events)
    RunHead.objects.filter(pk=head.pk).update(
        seq=head.seq, last_event_id=head.last_event_id, lease_until=lease_end()
    )


def release(head: RunHead, state: HeadState) -> None:
    """Give the lease up on a locked head; the caller saves `LEASE_FIELDS`."""
    head.state, head.lease_owner, head.lease_until, head.available_at = state, None, None, None


LEASE_FIELDS = ["state", "lease_owner", "lease_until", "available_at", "seq", "last_event_id"]
