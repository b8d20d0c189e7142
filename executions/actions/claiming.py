"""Takes a run's lease and moves its execution to running, by one statement.

Decision: a claim is what everybody who has dispatched something waits for, and by the models it was
eight trips to the database. What it writes is what `executions.lifecycle.move` writes, in the same
order of locks: head, row, feed. A test holds the two together.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, LiteralString

from executions.models import RunKind
from executions.runlog.feed import ENTER_NEWS
from executions.runlog.lease import TAKE, TAKE_CALLED, TAKE_FIRST, Lease
from executions.runlog.wakeups import feed_topic, run_topic, wake_all_after_commit
from spaces.ids import new_id
from spaces.statements import fetch_row

# A head whose row does not wait gives an event without a run, which the table refuses: nothing is written.
# Times in payloads are cut to the millisecond, as the run log's encoder writes them.
_START: LiteralString = f"""
), moved AS (
    UPDATE executions_skillexecution AS execution
       SET state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, %(now)s)
      FROM head WHERE execution.id = head.run_id AND execution.state = 'queued'
    RETURNING execution.id, execution.attempt, execution.started_at
), event AS (
    INSERT INTO executions_runevent (run_id, seq, event_id, kind, version, data, at)
    SELECT moved.id, head.seq, head.last_event_id, 'execution.started', 1, jsonb_build_object(
               'state', 'running', 'attempt', moved.attempt, 'fence', head.fence, 'started_at',
               to_char(moved.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'
                   || CASE WHEN date_trunc('second', moved.started_at) = moved.started_at
                           THEN '' ELSE '.MS' END || '"Z"')), %(now)s
      FROM head LEFT JOIN moved ON true
    RETURNING run_id, seq, at
), news AS (
    SELECT head.space_id, event.run_id, event.seq, event.at FROM head, event
), {ENTER_NEWS}
SELECT head.run_id, head.space_id, head.fence, head.seq, entered.n FROM head, entered
"""  # noqa: S608 - texts of our own
_CLAIM: LiteralString = f"WITH head AS ({TAKE}{_START}"
_CLAIM_CALLED: LiteralString = f"WITH head AS ({TAKE_CALLED}{_START}"
_CLAIM_FIRST: LiteralString = f"WITH head AS ({TAKE_FIRST}{_START}"


def claim(
    run_id: uuid.UUID, owner: uuid.UUID, *, avoid: Collection[uuid.UUID], now: datetime
) -> Lease | None:
    """Begin an execution that waits for a worker; None where it does not, or is of a space in `avoid`."""
    return _claim(_CLAIM, owner, now, run_id=run_id, avoid=list(avoid))


def claim_called(run_id: uuid.UUID, owner: uuid.UUID, *, now: datetime) -> Lease | None:
    """Begin a sub-execution for its caller's worker; None where it is not queued."""
    return _claim(_CLAIM_CALLED, owner, now, run_id=run_id)


def claim_first(run_ids: Sequence[uuid.UUID], owner: uuid.UUID, *, now: datetime) -> Lease | None:
    """Begin the one of these that has waited longest and nobody else is at; None where there is none."""
    return _claim(_CLAIM_FIRST, owner, now, run_ids=list(run_ids)) if run_ids else None


def _claim(statement: LiteralString, owner: uuid.UUID, now: datetime, **which: Any) -> Lease | None:
    own = {"owner": owner, "kind": RunKind.EXECUTION.value, "now": now}
    row = fetch_row(statement, {**which, **own, "event_id": new_id(), "epoch": new_id()})
    if row is None:
        return None
    run_id, space_id, fence, seq, n = row
    wake_all_after_commit({run_topic(run_id): seq, feed_topic(space_id): n})
    return Lease(run_id, owner, fence, space_id)
