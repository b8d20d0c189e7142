"""Runs that somebody should have looked after: what the sweeper finds."""

import uuid
from collections.abc import Sequence
from typing import LiteralString

from django.db import connection

from executions.runs.sql import OVERDUE, UNCONFIRMED_CANCELS, WITHOUT_TICKET

LIMIT = 500  # of each kind in one sweep: as many as one worker may leave behind
CONFIRM_SECONDS = 10  # how long a worker may take to confirm a cancel
TICKET_SECONDS = 10  # how long a run may wait without a job; healed within 15 s, like a lost lease

type Found = list[tuple[uuid.UUID, str]]  # ids of runs and their kinds


def overdue_runs() -> Found:
    """Runs whose worker has not renewed its lease in time."""
    return _found(OVERDUE, [LIMIT])


def unconfirmed_cancels() -> Found:
    """Runs that go on although they should have been cancelled for 10 s."""
    return _found(UNCONFIRMED_CANCELS, [CONFIRM_SECONDS, LIMIT])


def runs_without_ticket(task: str) -> Found:
    """Runs that could have been claimed for 10 s, with no job of this task left to wake a worker."""
    return _found(WITHOUT_TICKET, [TICKET_SECONDS, task, LIMIT])


def _found(statement: LiteralString, values: Sequence[int | str]) -> Found:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: Found = cursor.fetchall()
    return found
