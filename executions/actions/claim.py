"""Takes a run's lease and moves its execution to running, by one statement.

Decision: a claim is what everybody who has dispatched something waits for, and by the models it was
eight trips to the database. What it writes is what `executions.lifecycle.move` writes, in the same
order of locks: head, row, feed. A test holds the two together.
"""

import uuid
from datetime import datetime
from typing import LiteralString

from executions.models import RunKind
from executions.runs.claims import Wanted, values_of
from executions.runs.lease import Lease
from executions.runs.wakeups import feed_topic, run_topic, wake_all_after_commit
from spaces.ids import new_id
from spaces.prepared_sql import fetch_row

# Leases a waiting head (`executions.runs.sql` says which), starts its execution, writes the event that says
# so and enters that into the feed. `event_id` is a new id; the event gets a greater one where the clock went
# back: of its 128 bits the lower 64 begin with the variant, so that counting never reaches the upper ones.
# A head whose row does not wait gives an event without a run, which the table refuses: nothing is written.
# Times in payloads are cut to the millisecond, as the run log's encoder writes them.
CLAIM: LiteralString = """
WITH head AS (
    UPDATE executions_runhead
       SET state = 'running', fence = fence + 1, lease_owner = %(owner)s, available_at = NULL,
           lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s), seq = seq + 1,
           last_event_id = greatest(%(event_id)s::uuid, overlay(last_event_id::text PLACING
               to_hex(('x' || right(translate(last_event_id::text, '-', ''), 16))::bit(64)::bigint + 1)
               FROM 20 FOR 17)::uuid)
     WHERE kind = %(kind)s AND state = 'queued' AND {which}
    RETURNING run_id, space_id, fence, seq, last_event_id
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
), numbered AS (
    INSERT INTO executions_feedhead AS feed (space_id, epoch, n)
    SELECT head.space_id, %(epoch)s, 1 FROM head, event
    ON CONFLICT (space_id) DO UPDATE SET n = feed.n + 1
    RETURNING n
), entered AS (
    INSERT INTO executions_feedentry (space_id, n, run_id, run_seq, at)
    SELECT head.space_id, numbered.n, event.run_id, event.seq, event.at FROM head, event, numbered
    RETURNING n
)
SELECT head.run_id, head.space_id, head.fence, head.seq, entered.n FROM head, entered
"""


def claim(wanted: Wanted, *, owner: uuid.UUID, now: datetime) -> Lease | None:
    """Begin an execution that waits; None where it does not (any more)."""
    kind = RunKind.EXECUTION.value
    values = {**values_of(wanted, owner, kind), "now": now, "event_id": new_id(), "epoch": new_id()}
    row = fetch_row(CLAIM.replace("{which}", wanted.which), values)
    if row is None:
        return None
    run_id, space_id, fence, seq, n = row
    wake_all_after_commit({run_topic(run_id): seq, feed_topic(space_id): n})
    return Lease(run_id, owner, fence, space_id, kind)
