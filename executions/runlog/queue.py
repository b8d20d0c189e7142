"""Putting work into the job queue, in the transaction of the row it is for.

A job is a ticket for one claim: it wakes a worker, which then decides what it takes
(`executions.worker`). So losing or repeating a job never loses or repeats a run.
"""

import uuid
from datetime import datetime

from procrastinate.contrib.django import app

ADVANCE = "executions.advance"
QUEUE = "runs"


def enqueue_run(run_id: uuid.UUID, *, at: datetime | None = None) -> None:
    """A ticket for this run, taken at once or not before `at`; part of the caller's transaction."""
    app.configure_task(ADVANCE, queue=QUEUE, schedule_at=at).defer(run_id=str(run_id))


def enqueue_continuation(task: str, row_id: uuid.UUID) -> None:
    """What somebody else asked to be told when a run ends: a task's name and an id, nothing more."""
    app.configure_task(task, queue=QUEUE).defer(row_id=str(row_id))
