"""Removing what retention no longer keeps of the log: events and feed entries, never a head."""

import logging
import uuid
from collections.abc import Iterator
from datetime import datetime

from django.db import OperationalError, ProgrammingError, connection

from executions.runs.partitions import drop_month, droppable_months, first_id

logger = logging.getLogger(__name__)

BATCH_RUNS = 200
BATCH_ENTRIES = 5000

_OLD_RUNS = """
SELECT event.run_id, max(event.at) FROM executions_runevent AS event
 WHERE event.run_id > %s AND event.run_id < %s GROUP BY event.run_id ORDER BY event.run_id LIMIT %s
"""
_COUNT_EVENTS = "SELECT count(*) FROM executions_runevent WHERE run_id = ANY(%s)"
_DELETE_EVENTS = "DELETE FROM executions_runevent WHERE run_id = ANY(%s)"
_DELETE_ENTRIES = """
DELETE FROM executions_feedentry WHERE space_id = %s AND n <= (
    SELECT max(oldest.n) FROM (
        SELECT n, at FROM executions_feedentry WHERE space_id = %s ORDER BY n LIMIT %s
    ) AS oldest WHERE oldest.at < %s
)
"""


def prune_events(before: datetime, *, dry_run: bool) -> Iterator[int]:
    """Events of the runs that ended before a time; how many, batch by batch.

    Whole months go first, in one piece each: of these the number is the planner's estimate.
    """
    if not dry_run:
        yield from _prune_months(before)
    yield from _prune_runs(before, dry_run=dry_run)


def _prune_months(before: datetime) -> Iterator[int]:
    for month in droppable_months(before):
        try:
            dropped = drop_month(month, before)
        except (OperationalError, ProgrammingError) as error:
            # The table is busy, or somebody else who prunes has dropped the month already.
            logger.warning("%s is left for the next time: %s", month.name, error)
            continue
        if dropped:
            logger.info("Dropped %s", month.name)
            yield month.events


def _prune_runs(before: datetime, *, dry_run: bool) -> Iterator[int]:
    """Run by run what is left: of the month that retention divides, and what outlived its own.

    Walks the log by run id, whose leading bits are the time it was made: newer runs are not looked at.
    """
    last, newest = uuid.UUID(int=0), first_id(before)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_OLD_RUNS, [last, newest, BATCH_RUNS])
            found = cursor.fetchall()
            if not found:
                return
            last = found[-1][0]
            ended = _ended([run_id for run_id, at in found if at < before])
            yield _run(_COUNT_EVENTS if dry_run else _DELETE_EVENTS, [ended], is_count=dry_run)


def prune_feeds(before: datetime, *, dry_run: bool) -> Iterator[int]:
    """Feed entries older than a time; how many, batch by batch."""
    if dry_run:
        yield _run("SELECT count(*) FROM executions_feedentry WHERE at < %s", [before], is_count=True)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT space_id FROM executions_feedhead")
        spaces = [row[0] for row in cursor.fetchall()]
    for space_id in spaces:
        values = [space_id, space_id, BATCH_ENTRIES, before]
        while deleted := _run(_DELETE_ENTRIES, values):
            yield deleted


def _ended(run_ids: list[uuid.UUID]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT run_id FROM executions_runhead WHERE run_id = ANY(%s) AND state = 'ended'", [run_ids]
        )
        return [row[0] for row in cursor.fetchall()]


def _run(
    sql: str, values: list[uuid.UUID | list[uuid.UUID] | datetime | int], *, is_count: bool = False
) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0]) if is_count else int(cursor.rowcount)
