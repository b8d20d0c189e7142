"""Finds runs that nobody looks after any more and decides what becomes of them.

Run by workers and web processes alike, so that a deployment with a single worker heals too. What
decides is the head alone, under its lock; the advisory lock only keeps many sweepers from looking
at the same time. Imports nothing heavy: web processes import it.
"""

import logging
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import Error as DatabaseError, connection, transaction
from django.utils import timezone

from executions.runs.lease import SWEEP_SECONDS
from executions.runs.partitions import Month, make_month, missing_months
from executions.runs.queue import ADVANCE, enqueue_missing_ticket, remove_dead_jobs
from executions.runs.registry import registrations
from executions.runs.stale import overdue_runs, runs_without_ticket, unconfirmed_cancels
from executions.runs.verbs import force_cancel, heal
from executions.runs.worker.node import forget_vanished_nodes

logger = logging.getLogger(__name__)

ADVISORY_LOCK = 0x63616C6C626F6172  # "callboar"


@dataclass(frozen=True, slots=True)
class _Job:
    """One row that needs something."""

    name: str
    row_id: uuid.UUID
    act: Callable[[datetime], object]


def sweep_once(clock: Callable[[], datetime] = timezone.now) -> int:
    """Heal, cancel, requeue and whatever else the kinds of runs ask for; how many rows were touched.

    Does nothing while another process sweeps. A run that cannot be dealt with now does not keep the others
    from it. Raises django.db.Error where the database does not answer at all.
    """
    jobs = _find(clock())
    for job in jobs:
        _try(job, clock)
    return len(jobs)


def sweep_forever(stop: threading.Event) -> None:
    """The loop of one process, in a thread of its own; ends within 2 s of `stop`."""
    while not stop.wait(SWEEP_SECONDS):
        try:
            sweep_once()
        except Exception:
            # Whatever it was, the next sweep must come: nobody else would restart this thread.
            logger.exception("A sweep failed")
            connection.close()
        connection.close_if_unusable_or_obsolete()
    connection.close()


def _find(now: datetime) -> list[_Job]:
    with transaction.atomic():
        if not _locked():
            return []
        remove_dead_jobs()
        forget_vanished_nodes()
        for run_id, kind in runs_without_ticket(ADVANCE):
            logger.info("No job was left for %s; it gets another", run_id)
            enqueue_missing_ticket(run_id, kind)
        cancels = [_job("cancel", force_cancel, *found) for found in unconfirmed_cancels()]
        heals = [_job("heal", heal, *found) for found in overdue_runs()]
        # Where a worker left hundreds, all processes heal: not the same one at the same time.
        random.shuffle(heals)
        return [*cancels, *heals, *_chores(now), *_rooms(now)]


def _job(name: str, verb: Callable[..., None], run_id: uuid.UUID, kind: str) -> _Job:
    return _Job(name, run_id, lambda now: verb(kind, run_id, now=now))


def _chores(now: datetime) -> list[_Job]:
    return [
        _Job(chore.name, row_id, partial(chore.act, row_id))
        for kind in registrations()
        for chore in kind.chores
        for row_id in chore.find(now)
    ]


def _rooms(now: datetime) -> list[_Job]:
    """Months that events will soon need a partition for."""
    months = missing_months(now)
    return [_Job("make room for events", month.low, partial(_make_room, month)) for month in months]


def _make_room(month: Month, _: datetime) -> None:
    make_month(month)


def _locked() -> bool:
    """At the level of the transaction, which also holds behind a connection pooler."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


def _try(job: _Job, clock: Callable[[], datetime]) -> None:
    try:
        job.act(clock())
    except DatabaseError as error:
        logger.warning("Could not %s %s: %s", job.name, job.row_id, error)
    except Exception:
        # One run that cannot be dealt with must not keep the others from it.
        logger.exception("Could not %s %s", job.name, job.row_id)
    else:
        logger.info("Sweeper: %s %s", job.name, job.row_id)
