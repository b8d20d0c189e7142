"""Runs that somebody should have looked after: what the sweeper finds. All times are the database's."""

import uuid

from django.db import connection

LIMIT = 100  # of each kind in one sweep
CONFIRM_SECONDS = 10  # how long a worker may take to confirm a cancel
TICKET_SECONDS = 10  # how long a run may wait without a job; healed within 15 s, like a lost lease


def overdue_runs() -> list[tuple[uuid.UUID, str]]:
    """Runs whose worker has not renewed its lease in time, with their kinds."""
    return _runs(
        "SELECT run_id, kind FROM executions_runhead"
        " WHERE state = 'running' AND lease_until < clock_timestamp() ORDER BY lease_until LIMIT %s",
        [LIMIT],
    )


def unconfirmed_cancels() -> list[tuple[uuid.UUID, str]]:
    """Runs that go on although they should have been cancelled for 10 s, with their kinds."""
    return _runs(
        "SELECT run_id, kind FROM executions_runhead WHERE state = 'running'"
        " AND cancel_requested_at < clock_timestamp() - make_interval(secs => %s) LIMIT %s",
        [CONFIRM_SECONDS, LIMIT],
    )


def runs_without_ticket(task: str) -> list[tuple[uuid.UUID, str]]:
    """Runs that could have been claimed for 10 s, and their kinds, with no job of this task left."""
    return _runs(
        """
        SELECT head.run_id, head.kind FROM executions_runhead AS head
         WHERE head.state = 'queued' AND head.available_at < clock_timestamp() - make_interval(secs => %s)
           AND NOT EXISTS (
               SELECT 1 FROM procrastinate_jobs AS job
                WHERE job.status = 'todo' AND job.task_name = %s AND job.args ->> 'run_id' = head.run_id::text
           )
         ORDER BY head.available_at LIMIT %s
        """,
        [TICKET_SECONDS, task, LIMIT],
    )


def callers_that_ended() -> list[uuid.UUID]:
    """Executions that are over and have called others that are not."""
    return _ids(
        """
        SELECT DISTINCT parent.id FROM executions_runhead AS head
          JOIN executions_skillexecution AS child ON child.id = head.run_id
          JOIN executions_skillexecution AS parent ON parent.id = child.parent_id
         WHERE (head.state = 'running' OR (head.state = 'queued' AND head.available_at IS NULL))
           AND parent.state IN ('succeeded', 'failed', 'cancelled') LIMIT %s
        """,
        [LIMIT],
    )


def _ids(sql: str, values: list[int | str]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


def _runs(sql: str, values: list[int | str]) -> list[tuple[uuid.UUID, str]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [(run_id, kind) for run_id, kind in cursor.fetchall()]
