"""Fills a scratch database with copies of objectives that were really worked on, by plain SQL.

Copied are rows, heads, windows, steps and tool calls: what lookups, lists, the queue, claims and the sweeper
read. Messages and events are not: both are read by objective, from an index that grows at its end.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.seeding import chunks, filling

TABLES = (
    "objectives_objective",
    "executions_runhead",
    "objectives_contextwindow",
    "objectives_step",
    "objectives_toolcall",
)
SECONDS_APART = 7  # between two objectives
WAITING_EACH = 100  # each hundredth waits for people
QUIET_SHARE = 50  # the first fiftieth, the oldest, is of an agent and a space where nothing happens any more

# Ids are UUIDv7 as the application makes them, from the copy's time; the rest from its number and its model.
_FUNCTION = """
CREATE FUNCTION pg_temp.copy_of(model uuid, n bigint, at timestamptz) RETURNS uuid
IMMUTABLE LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(bits, 1, 3)
            || 'a' || substr(bits, 4, 15))::uuid
      FROM (SELECT md5(model::text || n) AS bits) AS drawn
$$
"""
_COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns
 WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position
"""
_NUMBERED = """
INSERT INTO {table} ({columns})
SELECT {values}
  FROM (SELECT n, n <= %(quiet)s AS is_quiet,
               date_trunc('milliseconds', %(newest)s::timestamptz)
                   - make_interval(secs => (%(rows)s - n) * %(apart)s) AS at
          FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
         WHERE (n %% %(each)s = 0) = %(waits)s) AS numbers
 CROSS JOIN {table} AS model
 WHERE model.{key} = %(model)s
RETURNING {key}
"""
_QUIET_SPACE = "CASE WHEN is_quiet THEN %(quiet_space)s::uuid ELSE model.space_id END"
_QUIET_AGENT = "CASE WHEN is_quiet THEN %(quiet_agent)s::uuid ELSE model.{} END"
_COPY = "pg_temp.copy_of(model.{}, n, at)"
# By table: the column that says whose a row is, and what differs in a copy. Times are all shifted.
_CHANGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "objectives_objective": (
        "id",
        {
            "id": _COPY.format("id"),
            "space_id": _QUIET_SPACE,
            "agent_id": _QUIET_AGENT.format("agent_id"),
            "first_user_message": "'Where is order 2026-' || n || '?'",
        },
    ),
    "executions_runhead": ("run_id", {"run_id": _COPY.format("run_id"), "space_id": _QUIET_SPACE}),
    "objectives_contextwindow": (
        "objective_id",
        {"id": _COPY.format("id"), "objective_id": _COPY.format("objective_id"), "space_id": _QUIET_SPACE},
    ),
    "objectives_step": (
        "objective_id",
        {
            "id": _COPY.format("id"),
            "objective_id": _COPY.format("objective_id"),
            "window_id": _COPY.format("window_id"),
        },
    ),
    "objectives_toolcall": (
        "objective_id",
        {
            "id": _COPY.format("id"),
            "objective_id": _COPY.format("objective_id"),
            "step_id": _COPY.format("step_id"),
            "space_id": _QUIET_SPACE,
            "caller_id": _QUIET_AGENT.format("caller_id"),
        },
    ),
}
# The same for one that is in a worker's hands.
_RUNNING: Mapping[str, Mapping[str, str]] = {
    "objectives_objective": {"state": "'running'", "finished_at": "NULL", "output": "NULL"},
    "executions_runhead": {
        "state": "'running'",
        "seq": "0",
        "last_event_id": "NULL",
        "lease_owner": "gen_random_uuid()",
        "lease_until": "now() + interval '1 day'",
    },
    "objectives_contextwindow": {},
}


def fill(
    url: str,
    *,
    rows: int,
    newest: datetime,
    models: Mapping[bool, str],
    quiet: Mapping[str, str],
    advance: Callable[[int], None],
) -> None:
    """Write `rows` copies, the last one at `newest`; `advance` hears of each chunk's size.

    `models` are the objectives to copy, by whether they wait for people; `quiet` the `quiet_space` and the
    `quiet_agent` of the oldest.
    """
    quietly = {**quiet, "quiet": rows // QUIET_SHARE}
    with filling(url, TABLES) as connection:
        copier = _Copier(connection, rows=rows, newest=newest, apart=SECONDS_APART, **quietly)
        copies = {table: copier.statement(table, _CHANGES[table]) for table in TABLES}
        for first, last in chunks(rows):
            for waits, model in models.items():
                for copy in copies.values():
                    copier.run(copy, model, first=first, last=last, each=WAITING_EACH, waits=waits)
            advance(last - first + 1)


def copy_running(url: str, model: str, *, count: int) -> list[uuid.UUID]:
    """Copies of an objective that are in a worker's hands for a day, without any event; nobody runs them."""
    with psycopg.connect(url, autocommit=True) as connection:
        copier = _Copier(connection, rows=count, newest=datetime.now(UTC))
        made = []
        for table, also in _RUNNING.items():
            key, changes = _CHANGES[table]
            copy = copier.statement(table, (key, {**changes, **also}))
            made.append(copier.run(copy, model, first=1, last=count, each=1, waits=True))
    return [row[0] for row in made[0]]


class _Copier:
    """Makes and runs the statements that copy, with the parameters that all of them share."""

    def __init__(self, connection: "psycopg.Connection[Any]", **always: Any) -> None:
        self._connection = connection
        self._always = {"apart": 0, "quiet": 0, "quiet_space": None, "quiet_agent": None, **always}
        self._born: dict[str, datetime] = {}
        connection.execute(_FUNCTION)

    def statement(self, table: str, changed: tuple[str, Mapping[str, str]]) -> sql.Composed:
        """What copies a model's rows in a table; gives the value of their key."""
        key, changes = changed
        columns = self._connection.execute(_COLUMNS, [table]).fetchall()
        values = [changes.get(name) or _same(name, kind) for name, kind in columns]
        return sql.SQL(_NUMBERED).format(
            table=sql.Identifier(table),
            columns=sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
            values=sql.SQL(", ").join(map(sql.SQL, values)),
            key=sql.Identifier(key),
        )

    def run(self, statement: sql.Composed, model: str, **given: Any) -> list[Any]:
        """The keys of the rows that it has written."""
        if model not in self._born:
            self._born[model] = self._begin(model)
        parameters = {**self._always, **given, "model": model, "born": self._born[model]}
        return self._connection.execute(statement, parameters).fetchall()

    def _begin(self, model: str) -> datetime:
        found = self._connection.execute("SELECT created_at FROM objectives_objective WHERE id = %s", [model])
        row = found.fetchone()
        if row is None:
            raise NotMeasured(f"the objective {model} is not there")
        return row[0]  # type: ignore[no-any-return]


def _same(column: str, kind: str) -> str:
    """The model's own value, times as much later as the copy is."""
    shift = " + (at - %(born)s::timestamptz)" if kind == "timestamp with time zone" else ""
    return f'model."{column}"{shift}'
