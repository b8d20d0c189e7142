"""Writes a new execution and everything that belongs to it, by one statement.

Decision: by the models a dispatch was five statements between a BEGIN and a COMMIT, a third of what
its caller waits for. Here the models still say which columns there are and how values are written;
a test holds the rest against them. The locks are taken in the order of all writes, the feed's last.
"""

from typing import Any, LiteralString

from django.db import connection
from psycopg.types.json import Jsonb

from executions.models import RunEvent, RunKind, SkillExecution
from executions.runs.queue import ADVANCE, QUEUE, ticket
from spaces.ids import new_id
from spaces.prepared_sql import fetch_row

_FIELDS = {str(field.column): field for field in SkillExecution._meta.concrete_fields if not field.generated}
_EVENT_DATA = RunEvent._meta.get_field("data")
# Writes a row with its head, its first event and its job, and enters the event into the feed. The columns are
# the model's. A sub-execution has no job and no time from which workers may take it: its caller runs it.
# When others may is a matter between workers: the database's clock, not this machine's.
INSERT: LiteralString = f"""
WITH made AS (
    INSERT INTO executions_skillexecution ({", ".join(_FIELDS)})
    VALUES ({", ".join(f"%({column})s" for column in _FIELDS)})
    ON CONFLICT DO NOTHING
    RETURNING id, space_id, created_at
), head AS (
    INSERT INTO executions_runhead (run_id, kind, space_id, state, seq, last_event_id, fence, available_at)
    SELECT id, %(kind)s, space_id, 'queued', 1, %(event_id)s, 0,
           CASE WHEN %(parent_id)s::uuid IS NULL THEN statement_timestamp() END
      FROM made
    RETURNING run_id
), event AS (
    INSERT INTO executions_runevent (run_id, seq, event_id, kind, version, data, at)
    SELECT made.id, 1, %(event_id)s, 'execution.queued', 1, %(event_data)s, made.created_at FROM made, head
    RETURNING run_id, seq, at
), job AS (
    SELECT CASE WHEN %(parent_id)s::uuid IS NULL THEN procrastinate_defer_jobs_v1(ARRAY[
               ROW(%(queue)s, %(task)s, 0, NULL, NULL, %(ticket)s, NULL)::procrastinate_job_to_defer_v1]) END
      FROM event
), numbered AS (
    INSERT INTO executions_feedhead AS feed (space_id, epoch, n)
    SELECT made.space_id, %(epoch)s, 1 FROM made, job
    ON CONFLICT (space_id) DO UPDATE SET n = feed.n + 1
    RETURNING n
), entered AS (
    INSERT INTO executions_feedentry (space_id, n, run_id, run_seq, at)
    SELECT made.space_id, numbered.n, event.run_id, event.seq, event.at FROM made, event, numbered
    RETURNING n
)
SELECT n FROM entered
"""  # noqa: S608 - names of our own columns


def insert_execution(execution: SkillExecution, queued: dict[str, Any]) -> int | None:
    """Write an unsaved execution, its head, its first event (`queued` is its payload), its entry in the feed
    and, unless its parent's worker runs it, its job; the number of that entry.

    None where one of its unique keys is taken: then nothing is written. A transaction by itself, or a part of
    the caller's.
    """
    values: dict[str, Any] = {
        column: field.get_db_prep_save(getattr(execution, field.attname), connection)
        for column, field in _FIELDS.items()
    }
    values |= {
        "kind": RunKind.EXECUTION.value,
        "event_id": new_id(),
        "event_data": _EVENT_DATA.get_db_prep_save(queued, connection),
        "epoch": new_id(),
        "queue": QUEUE,
        "task": ADVANCE,
        "ticket": Jsonb(ticket(execution.id, RunKind.EXECUTION)),
    }
    row = fetch_row(INSERT, values)
    if row is None:
        return None
    execution._state.adding, execution._state.db = False, connection.alias
    return int(row[0])
