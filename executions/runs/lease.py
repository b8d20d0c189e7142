"""Leases: which worker runs what, and the fence that keeps everybody else from writing.

Lease times are the database's clock on both sides, so no two machines need to agree on the time.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import DateTimeField, Func
from django.db.models.expressions import CombinedExpression

from executions.runs.log import NewEvent, append, columns_of, numbered, require_transaction
from executions.runs.models import HeadState, RunHead
from executions.runs.sql import (
    APPEND_AND_RENEW,
    FENCED_HEAD,
    FENCED_HEADS,
    LOOK,
    OLDEST_WAITING,
    RENEW,
    RENEW_IN_LINE,
)
from executions.runs.wakeups import run_topic, wake_all_after_commit

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
    kind: str


_CANDIDATES = 16  # a few more than one: the oldest may be in another worker's hands at this moment


def oldest_waiting(kind: str, *, avoid: Collection[uuid.UUID] = ()) -> list[uuid.UUID]:
    """The runs of a kind that have waited longest, outside the spaces in `avoid`, oldest first; a few."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_WAITING, {"kind": kind, "avoid": list(avoid), "most": _CANDIDATES})
        return [row[0] for row in cursor.fetchall()]


def lease_of(head: RunHead) -> Lease:
    """The lease on a head that is running; raises ValueError for one that is not."""
    if head.lease_owner is None:
        raise ValueError(f"Nobody has leased {head.run_id}.")
    return Lease(head.run_id, head.lease_owner, head.fence, head.space_id, head.kind)


def lease_end() -> CombinedExpression:
    """When a lease taken or renewed now is over, by the database's clock; for the update of a fenced head."""
    clock = Func(function="clock_timestamp", output_field=DateTimeField())
    return clock + timedelta(seconds=LEASE_SECONDS)


def fenced_head(lease: Lease) -> RunHead:
    """The head, locked, if the lease still holds; raises LeaseLost. The first read of every write."""
    require_transaction("fenced_head needs its caller's transaction")
    for head in RunHead.objects.raw(FENCED_HEAD, [lease.run_id, lease.fence]):
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
        cursor.execute(RENEW, [LEASE_SECONDS, list(fences), list(fences.values())])
        return {row[0] for row in cursor.fetchall()}


def renew_in_line(lease: Lease) -> bool:
    """Prolong one lease that still holds, standing in line for its head for a second; whether it was done.

    A head that many want is hardly ever free: whoever never stands in line loses it. Raises OperationalError
    where the line is longer.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{IN_LINE_SECONDS}s"])
        cursor.execute(RENEW_IN_LINE, [LEASE_SECONDS, lease.run_id, lease.fence])
        return bool(cursor.rowcount == 1)


@dataclass(frozen=True, slots=True)
class Seen:
    """A run whose lease still holds: the last number in its log, and whether somebody asked to cancel it."""

    seq: int
    is_cancelled: bool


def look(leases: Iterable[Lease]) -> dict[uuid.UUID, Seen]:
    """The runs whose lease still holds; takes no lock."""
    fences = {lease.run_id: lease.fence for lease in leases}
    with connection.cursor() as cursor:
        cursor.execute(LOOK, [list(fences)])
        rows = cursor.fetchall()
    return {run_id: Seen(seq, asked) for run_id, fence, seq, asked in rows if fences[run_id] == fence}


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


def append_to_many(said: Mapping[Lease, Sequence[NewEvent]]) -> set[uuid.UUID]:
    """Append to the logs of many leased runs and renew their leases; the runs for which that was done.

    A head that somebody has locked is left out rather than waited for, and so is one whose lease is over:
    `look` tells them apart. Needs its caller's transaction.
    """
    require_transaction("append_to_many needs its caller's transaction")
    fences = {lease.run_id: lease.fence for lease in said}
    events = {lease.run_id: news for lease, news in said.items()}
    with connection.cursor() as cursor:
        cursor.execute(FENCED_HEADS, [list(fences), list(fences.values())])
        heads = [(*head, events[head[0]]) for head in cursor.fetchall()]
        rows = [row for head in heads for row in numbered(*head)]
        if not rows:
            return set()
        cursor.execute(APPEND_AND_RENEW, {**columns_of(rows), "seconds": LEASE_SECONDS})
    wake_all_after_commit({run_topic(row.run_id): row.seq for row in rows})
    return {run_id for run_id, *_ in heads}


def release(head: RunHead, state: HeadState) -> None:
    """Give the lease up on a locked head; the caller saves `LEASE_FIELDS`."""
    head.state, head.lease_owner, head.lease_until, head.available_at = state, None, None, None


LEASE_FIELDS = ["state", "lease_owner", "lease_until", "available_at", "seq", "last_event_id"]
