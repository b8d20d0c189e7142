"""Putting work into the job queue, in the transaction of the row it is for.

A job is a ticket for one claim: it wakes a worker, which then decides what it takes
(`executions.runs.worker`). So losing or repeating a job never loses or repeats a run.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from django.db import InterfaceError, OperationalError, connection, transaction
from procrastinate import exceptions
from procrastinate.contrib.django import app

from executions.runs.lease import HEARTBEAT_SECONDS
from executions.runs.registry import registration
from executions.runs.sql import COUNT_OLD_JOBS, DELETE_DEAD_TICKETS, DELETE_OLD_JOBS, REPEAT_DEAD_JOBS

ADVANCE = "executions.advance"
QUEUE = "runs"  # tickets of what needs a slot, and jobs from before an upgrade
AGENTS = "agents"  # tickets of what waits in a worker's event loop, and continuations
# The priority of jobs that do not stand behind what came later: tickets of runs that had come to the front
# before, and what a run that is over has to tell.
AT_FRONT = 1
DEAD_SECONDS = 4 * HEARTBEAT_SECONDS  # without one, a worker is gone


def ticket(run_id: uuid.UUID, kind: str | None) -> dict[str, str | None]:
    """The arguments of a run's job; tickets from before an upgrade have no kind."""
    return {"run_id": str(run_id), "kind": kind}


def queue_of(kind: str | None) -> str:
    """A queue for each that has its own room in workers, so that a full one takes no ticket of the other."""
    return AGENTS if kind is not None and registration(kind).is_agent else QUEUE


def enqueue_run(
    run_id: uuid.UUID, kind: str | None, *, at: datetime | None = None, priority: int = 0
) -> None:
    """A ticket for this run, taken at once or not before `at`; part of the caller's transaction."""
    with _known_errors():
        deferrer = app.configure_task(ADVANCE, queue=queue_of(kind), schedule_at=at, priority=priority)
        deferrer.defer(**ticket(run_id, kind))


def enqueue_continuation(task: str, row_id: uuid.UUID) -> None:
    """What somebody else asked to be told when a run ends: a task's name and an id, nothing more."""
    with _known_errors():
        app.configure_task(task, queue=AGENTS, priority=AT_FRONT).defer(row_id=str(row_id))


def enqueue_missing_ticket(run_id: uuid.UUID, kind: str) -> None:
    """One more ticket for a run that seems to have lost its own; of these, at most one waits at a time."""
    deferrer = app.configure_task(
        ADVANCE, queue=queue_of(kind), queueing_lock=f"run:{run_id}", priority=AT_FRONT
    )
    try:
        with transaction.atomic(), _known_errors():
            deferrer.defer(**ticket(run_id, kind))
    except exceptions.AlreadyEnqueued:
        return


@contextmanager
def _known_errors() -> Iterator[None]:
    """The job queue hides the database's errors in one of its own: those who try again know Django's."""
    try:
        yield
    except exceptions.ConnectorException as hidden:
        for known, ours in (
            (psycopg.InterfaceError, InterfaceError),
            (psycopg.OperationalError, OperationalError),
        ):
            if isinstance(hidden.__cause__, known):
                raise ours(str(hidden.__cause__)) from hidden
        raise


def remove_dead_jobs() -> int:
    """Deal with jobs that workers took and did not finish before they vanished; how many there were.

    Tickets are deleted, since runs are healed from their heads. Continuations are repeated: whoever asked for
    them derives everything from rows, so twice does no harm.
    """
    with connection.cursor() as cursor:
        cursor.execute(DELETE_DEAD_TICKETS, [ADVANCE, DEAD_SECONDS])
        deleted: int = cursor.rowcount
        cursor.execute(REPEAT_DEAD_JOBS, [ADVANCE, DEAD_SECONDS])
        repeated: int = cursor.rowcount
    return deleted + repeated


def prune_jobs(before: datetime, *, dry_run: bool) -> int:
    """Delete jobs that ended before a time (those that end well are deleted at once); how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_OLD_JOBS if dry_run else DELETE_OLD_JOBS, [before])
        return int(cursor.fetchone()[0]) if dry_run else int(cursor.rowcount)
