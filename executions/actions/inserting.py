"""Writes a new execution and everything that belongs to it, by one statement.

Decision: by the models a dispatch was five statements between a BEGIN and a COMMIT, a third of what
its caller waits for. Here the models still say which columns there are and how values are written;
a test holds the rest against them. The locks are taken in the order of all writes, the feed's last.
"""

from typing import Any, LiteralString

from django.db import connection
from psycopg.types.json import Jsonb

from executions.models import RunEvent, RunKind, SkillExecution
from executions.runlog.feed import ENTER_NEWS
from executions.runlog.queue import DEFER, ticket
from spaces.ids import new_id
from spaces.statements import fetch_row

_FIELDS = {str(field.column): field for field in SkillExecution._meta.concrete_fields if not field.generated}
_EVENT_DATA = RunEvent._meta.get_field("data")
# When workers may claim it is a matter between them: the database's clock, not this machine's.
_INSERT: LiteralString = f"""
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
)"""  # noqa: S608 - names of our own columns
_ENTER: LiteralString = f"{ENTER_NEWS} SELECT n FROM entered"  # noqa: S608 - the same
_WITH_JOB: LiteralString = f"""{_INSERT}, job AS (
    SELECT {DEFER} AS ids FROM event
), news AS (
    SELECT made.space_id, event.run_id, event.seq, event.at FROM made, event, job WHERE job.ids IS NOT NULL
), {_ENTER}"""  # noqa: S608 - the same
_WITHOUT_JOB: LiteralString = f"""{_INSERT}, news AS (
    SELECT made.space_id, event.run_id, event.seq, event.at FROM made, event
), {_ENTER}"""  # noqa: S608 - the same


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
    }
    if execution.parent_id is None:
        row = fetch_row(_WITH_JOB, {**values, "ticket": Jsonb(ticket(execution.id, RunKind.EXECUTION))})
    else:
        row = fetch_row(_WITHOUT_JOB, values)
    if row is None:
        return None
    execution._state.adding, execution._state.db = False, connection.alias
    return int(row[0])
