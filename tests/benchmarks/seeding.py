"""Fills a scratch database with executions by plain SQL, a great many rows a second.

Seeded are rows, their heads and one artifact each: what lookup, list, claims and the sweeper read. Events and
feed entries are not: both are appended at the end of an index in the order of time and read by number, which
costs the same at any size.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

CHUNK = 10_000  # rows a statement, after each of which progress is told
TABLES = ("executions_skillexecution", "executions_runhead", "executions_artifact")
SECONDS_APART = 3  # between two executions: a million of them go back 35 days

# Ids are UUIDv7 as the application makes them, from the row's time; the rest of the bits from its number.
_ROWS = """
WITH numbers AS (
    SELECT n, md5(n::text) AS bits,
           date_trunc('milliseconds', %(newest)s::timestamptz)
               - make_interval(secs => (%(rows)s - n) * %(apart)s) AS at
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
), made AS (
    INSERT INTO executions_skillexecution (
        id, tenant_id, space_id, principal_id, skill_id, skill_version_id, skill_slug, version, source, state,
        attempt, depth, inputs, file_source_ids, outputs, error, failure_reason, chat_thread_id,
        chat_message_id, chat_tool_call_id, request_digest, input_tokens, output_tokens, cost_usd,
        wallclock_ms, iteration_count, trace_id, created_at, started_at, finished_at, search_text)
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(bits, 1, 3)
               || 'a' || substr(bits, 4, 15))::uuid,
           %(tenant_id)s, %(space_id)s, %(principal_id)s, %(skill_id)s, %(skill_version_id)s,
           %(skill)s::text, '1.0.0', 'chat', CASE WHEN has_failed THEN 'failed' ELSE 'succeeded' END,
           1, 0, jsonb_build_object('text', 'Question ' || n), '{orders.csv}',
           CASE WHEN has_failed THEN NULL ELSE jsonb_build_object('text', 'Answer ' || n, 'rows', n) END,
           CASE WHEN has_failed THEN jsonb_build_object('type', 'timeout', 'message', 'Took too long.') END,
           CASE WHEN has_failed THEN 'timeout' END,
           'thread-' || n / 20, 'message-' || n, 'call_' || bits, '\\x00'::bytea, 1200, 300, 0.0123, 850, 1,
           bits, at, at + interval '5 milliseconds', at + interval '855 milliseconds',
           %(skill)s::text || ' thread-' || n / 20 || ' message-' || n || ' call_' || bits || ' orders.csv'
      FROM (SELECT *, n %% 25 = 0 AS has_failed FROM numbers) AS drawn
    RETURNING id, space_id, created_at
), heads AS (
    INSERT INTO executions_runhead (run_id, kind, space_id, state, seq, fence)
    SELECT id, 'execution', space_id, 'ended', 6, 1 FROM made
)
INSERT INTO executions_artifact (id, execution_id, relpath, document_type, content_type, size_bytes,
                                 created_at, blob_id)
SELECT gen_random_uuid(), id, 'outputs/chart.png', 'chart', 'image/png', 20480, created_at, %(blob)s
  FROM made
"""
_PLAIN_INDEXES = """
SELECT relation.relname, pg_get_indexdef(indexrelid)
  FROM pg_index JOIN pg_class AS relation ON relation.oid = indexrelid
 WHERE NOT indisunique AND indrelid::regclass::text = ANY(%s)
"""
_RUNNING = """
WITH made AS (
    INSERT INTO executions_skillexecution (
        id, tenant_id, space_id, principal_id, skill_id, skill_version_id, skill_slug, version, source, state,
        attempt, depth, inputs, file_source_ids, request_digest, input_tokens, output_tokens, cost_usd,
        iteration_count, trace_id, created_at, started_at, search_text)
    SELECT gen_random_uuid(), %(tenant_id)s, %(space_id)s, %(principal_id)s, %(skill_id)s,
           %(skill_version_id)s, %(skill)s, '1.0.0', 'standalone', 'running', 1, 0, '{}', '{}',
           '\\x00'::bytea, 0, 0, 0, 0, md5(n::text), now(), now(), ''
      FROM generate_series(1, %(count)s) AS n
    RETURNING id, space_id
)
INSERT INTO executions_runhead (run_id, kind, space_id, state, seq, fence, lease_owner, lease_until)
SELECT id, 'execution', space_id, 'running', 0, 1, gen_random_uuid(), now() + interval '1 day' FROM made
RETURNING run_id
"""


def tool_call_id(number: int) -> str:
    """The tool call id of the seeded execution of this number, which counts from 1, the oldest."""
    return "call_" + hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


def seed(
    url: str, ids: Mapping[str, Any], *, rows: int, newest: datetime, advance: Callable[[int], None]
) -> None:
    """Write `rows` finished executions, the last one at `newest`; `advance` hears of each chunk's size."""
    with filling(url, TABLES) as connection:
        for first, last in chunks(rows):
            given = {"rows": rows, "first": first, "last": last, "newest": newest, "apart": SECONDS_APART}
            connection.execute(_ROWS, {**ids, **given})
            advance(last - first + 1)


def chunks(rows: int) -> Iterator[tuple[int, int]]:
    """The first and the last number of each statement that writes some of so many rows."""
    for first in range(1, rows + 1, CHUNK):
        yield first, min(first + CHUNK - 1, rows)


@contextlib.contextmanager
def filling(url: str, tables: Sequence[str]) -> Iterator["psycopg.Connection[Any]"]:
    """A connection for writing very many rows to these tables; they are indexed and analysed at the end."""
    with psycopg.connect(url, autocommit=True) as connection, _indexed_afterwards(connection, tables):
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '256MB'")
        _skip_foreign_keys(connection)
        yield connection
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("VACUUM (ANALYZE) {}").format(sql.SQL(", ").join(map(sql.Identifier, tables)))
        )
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute("CHECKPOINT")  # else the server does it while we measure


def seed_running(url: str, ids: Mapping[str, Any], *, count: int) -> list[UUID]:
    """Executions in a worker's hands for a day, without any event yet; nobody runs them."""
    with psycopg.connect(url, autocommit=True) as connection:
        return [row[0] for row in connection.execute(_RUNNING, {**ids, "count": count}).fetchall()]


@contextlib.contextmanager
def _indexed_afterwards(connection: psycopg.Connection, tables: Sequence[str]) -> Iterator[None]:
    """Take the plain indexes away and build them again at the end: three times as fast as filling them."""
    found = connection.execute(_PLAIN_INDEXES, [list(tables)]).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    for _, definition in found:
        connection.execute(definition)


def _skip_foreign_keys(connection: psycopg.Connection) -> None:
    """Checking eight references a row takes half of the time; only a superuser may leave it out."""
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute("SET session_replication_role = replica")
