"""The run log's statements, each whole: what runs, claims, leases and jobs cost the database.

All times are the database's own. What executions alone write is where they do it: `executions.actions`.
"""

from typing import LiteralString

# Which of the waiting heads of a kind a claim is for; these stand for `{which}` in the statements that claim.
# One run, unless its space is in `avoid`; whoever holds its head is waited for, since it may let go at once.
ONE: LiteralString = """run_id = %(run_id)s AND available_at <= statement_timestamp()
   AND NOT (space_id = ANY(%(avoid)s::uuid[]))"""
# A run that only its caller's worker takes.
CALLED: LiteralString = "run_id = %(run_id)s AND available_at IS NULL"
# Of `run_ids` the one that has waited longest and that nobody else holds.
FIRST: LiteralString = """run_id = (
    SELECT run_id FROM executions_runhead
     WHERE run_id = ANY(%(run_ids)s::uuid[]) AND kind = %(kind)s AND state = 'queued'
       AND available_at <= statement_timestamp()
     ORDER BY available_at, run_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"""

# Leases a waiting head, which stays locked until the caller's transaction ends. By the primary key.
TAKE: LiteralString = """
UPDATE executions_runhead
   SET state = 'running', fence = fence + 1, lease_owner = %(owner)s, available_at = NULL,
       lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
 WHERE kind = %(kind)s AND state = 'queued' AND {which}
RETURNING *
"""

# Finds the few runs of a kind that have waited longest, outside some spaces. The spaces that wait are walked
# along the index `head_waiting`, one step a space: a long queue of one space costs nothing.
OLDEST_WAITING: LiteralString = """
WITH RECURSIVE waiting AS (
    (SELECT space_id FROM executions_runhead
      WHERE kind = %(kind)s AND state = 'queued' AND available_at IS NOT NULL ORDER BY space_id LIMIT 1)
    UNION ALL
    SELECT (SELECT head.space_id FROM executions_runhead AS head
             WHERE head.kind = %(kind)s AND head.state = 'queued' AND head.available_at IS NOT NULL
               AND head.space_id > waiting.space_id ORDER BY head.space_id LIMIT 1)
      FROM waiting WHERE waiting.space_id IS NOT NULL
)
SELECT oldest.run_id
  FROM waiting CROSS JOIN LATERAL (
      SELECT head.run_id, head.available_at FROM executions_runhead AS head
       WHERE head.kind = %(kind)s AND head.state = 'queued' AND head.available_at <= statement_timestamp()
         AND head.space_id = waiting.space_id
       ORDER BY head.available_at, head.run_id LIMIT %(most)s
  ) AS oldest
 WHERE NOT (waiting.space_id = ANY(%(avoid)s::uuid[]))
 ORDER BY oldest.available_at, oldest.run_id LIMIT %(most)s
"""

# Locks a head whose lease still holds: the first read of every write of a worker.
FENCED_HEAD: LiteralString = """
SELECT * FROM executions_runhead
 WHERE run_id = %s AND fence = %s AND state = 'running' AND lease_until > clock_timestamp()
   FOR NO KEY UPDATE
"""

# The same for many runs, in the order of their ids; a head that somebody has locked is left out.
FENCED_HEADS: LiteralString = """
SELECT head.run_id, head.seq, head.last_event_id FROM executions_runhead AS head
  JOIN unnest(%s::uuid[], %s::bigint[]) AS held (run_id, fence)
    ON head.run_id = held.run_id AND head.fence = held.fence
 WHERE head.state = 'running' AND head.lease_until > clock_timestamp()
 ORDER BY head.run_id FOR NO KEY UPDATE OF head SKIP LOCKED
"""

# Writes events to the logs of locked heads, notes where these end by now, and prolongs their leases.
APPEND_AND_RENEW: LiteralString = """
WITH said AS (
    SELECT * FROM ROWS FROM (
        unnest(%(run_ids)s::uuid[]), unnest(%(seqs)s::bigint[]), unnest(%(event_ids)s::uuid[]),
        unnest(%(kinds)s::text[]), unnest(%(versions)s::smallint[]), unnest(%(facts)s::text[]),
        unnest(%(times)s::timestamptz[])
    ) AS event (run_id, seq, event_id, kind, version, facts, at)
), added AS (
    INSERT INTO executions_runevent (run_id, seq, event_id, kind, version, data, at)
    SELECT run_id, seq, event_id, kind, version, facts::jsonb, at FROM said
)
UPDATE executions_runhead AS head
   SET seq = last.seq, last_event_id = last.event_id,
       lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
  FROM (SELECT DISTINCT ON (run_id) run_id, seq, event_id FROM said ORDER BY run_id, seq DESC) AS last
 WHERE head.run_id = last.run_id
"""

# A head whose lease still holds and its row in one statement; they are locked in that order. `{run}` is the
# table of the kind. A head or row that somebody has locked is waited for, and read as it is then.
LEASED: LiteralString = """
SELECT run.*, head.run_id AS head_run_id, head.kind AS head_kind, head.space_id AS head_space_id,
       head.state AS head_state, head.seq AS head_seq, head.last_event_id AS head_last_event_id,
       head.fence AS head_fence, head.lease_owner AS head_lease_owner, head.lease_until AS head_lease_until,
       head.available_at AS head_available_at, head.cancel_requested_at AS head_cancel_requested_at
  FROM executions_runhead AS head JOIN {run} AS run ON run.id = head.run_id
 WHERE head.run_id = %s AND head.fence = %s AND head.state = 'running'
   AND head.lease_until > clock_timestamp()
   FOR NO KEY UPDATE OF head FOR NO KEY UPDATE OF run
"""

# Prolongs the leases of a process that still hold, without waiting for a head that somebody has locked.
RENEW: LiteralString = """
UPDATE executions_runhead SET lease_until = clock_timestamp() + make_interval(secs => %s)
 WHERE run_id IN (
    SELECT head.run_id FROM executions_runhead AS head
      JOIN unnest(%s::uuid[], %s::bigint[]) AS held (run_id, fence)
        ON head.run_id = held.run_id AND head.fence = held.fence
     WHERE head.state = 'running' AND head.lease_until > clock_timestamp()
       FOR NO KEY UPDATE OF head SKIP LOCKED
 ) RETURNING run_id
"""

# Prolongs one lease that still holds, in line for its head.
RENEW_IN_LINE: LiteralString = """
UPDATE executions_runhead SET lease_until = clock_timestamp() + make_interval(secs => %s)
 WHERE run_id = %s AND fence = %s AND state = 'running' AND lease_until > clock_timestamp()
"""

# Which leases of a process still hold, how far those logs go, and whether somebody wants the runs cancelled;
# takes no lock.
LOOK: LiteralString = """
SELECT run_id, fence, seq, cancel_requested_at IS NOT NULL FROM executions_runhead
 WHERE run_id = ANY(%s) AND state = 'running' AND lease_until > clock_timestamp()
"""

# Enters events into a space's feed. Its head gives the numbers out on the way, and stays locked until the
# caller's transaction ends: so numbers are free of gaps and in the order of commits.
APPEND_TO_FEED: LiteralString = """
WITH head AS (
    INSERT INTO executions_feedhead AS head (space_id, epoch, n) VALUES (%s, %s, %s)
    ON CONFLICT (space_id) DO UPDATE SET n = head.n + EXCLUDED.n
    RETURNING n
)
INSERT INTO executions_feedentry (space_id, n, run_id, run_seq, at)
SELECT %s, head.n - %s + event.place, event.run_id, event.seq, event.at
  FROM head, ROWS FROM (unnest(%s::uuid[]), unnest(%s::bigint[]), unnest(%s::timestamptz[]))
       WITH ORDINALITY AS event (run_id, seq, at, place)
RETURNING n
"""

# Runs whose worker has not renewed its lease in time, by `head_held`.
OVERDUE: LiteralString = """
SELECT run_id, kind FROM executions_runhead
 WHERE state = 'running' AND lease_until < clock_timestamp() ORDER BY lease_until LIMIT %s
"""

# Runs that go on some seconds after somebody wanted them cancelled, by `head_held`.
UNCONFIRMED_CANCELS: LiteralString = """
SELECT run_id, kind FROM executions_runhead
 WHERE state = 'running' AND cancel_requested_at < clock_timestamp() - make_interval(secs => %s) LIMIT %s
"""

# Runs that could have been claimed for some seconds, with no job of a task left that wakes a worker.
WITHOUT_TICKET: LiteralString = """
SELECT head.run_id, head.kind FROM executions_runhead AS head
 WHERE head.state = 'queued' AND head.available_at < clock_timestamp() - make_interval(secs => %s)
   AND NOT EXISTS (
       SELECT 1 FROM procrastinate_jobs AS job
        WHERE job.status = 'todo' AND job.task_name = %s AND job.args ->> 'run_id' = head.run_id::text
   )
 ORDER BY head.available_at LIMIT %s
"""

# Deletes the tickets that vanished workers had taken: runs are healed from their heads.
DELETE_DEAD_TICKETS: LiteralString = """
DELETE FROM procrastinate_jobs AS job
 WHERE job.status = 'doing' AND job.task_name = %s AND NOT EXISTS (
    SELECT 1 FROM procrastinate_workers AS worker WHERE worker.id = job.worker_id
       AND worker.last_heartbeat > clock_timestamp() - make_interval(secs => %s))
"""

# Puts the other jobs that vanished workers had taken back into the queue.
REPEAT_DEAD_JOBS: LiteralString = """
SELECT procrastinate_retry_job_v2(job.id, NULL, NULL, NULL, NULL) FROM procrastinate_jobs AS job
 WHERE job.status = 'doing' AND job.task_name <> %s AND NOT EXISTS (
    SELECT 1 FROM procrastinate_workers AS worker WHERE worker.id = job.worker_id
       AND worker.last_heartbeat > clock_timestamp() - make_interval(secs => %s))
"""

# Counts, and deletes, the jobs that ended before a time.
COUNT_OLD_JOBS: LiteralString = """
SELECT count(*) FROM procrastinate_jobs AS job
 WHERE job.status IN ('succeeded', 'failed', 'cancelled', 'aborted') AND NOT EXISTS (
    SELECT 1 FROM procrastinate_events AS event WHERE event.job_id = job.id AND event.at > %s)
"""
DELETE_OLD_JOBS: LiteralString = """
DELETE FROM procrastinate_jobs AS job
 WHERE job.status IN ('succeeded', 'failed', 'cancelled', 'aborted') AND NOT EXISTS (
    SELECT 1 FROM procrastinate_events AS event WHERE event.job_id = job.id AND event.at > %s)
"""
