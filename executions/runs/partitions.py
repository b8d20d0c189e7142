"""The months that events are kept in: made ahead, and dropped whole when retention is over.

Decision: the table of events is partitioned by range of run id, whose leading bits are the time it was
made. A month in which nothing needs to be kept is detached and dropped, which costs the same however many
events it holds; deleting them would write each one again for the vacuum to remove. What nobody has made a
month for goes into the default partition, where it is found and pruned like everything else.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from psycopg import sql

PARENT, DEFAULT = "executions_runevent", "executions_runevent_default"
AHEAD = 2  # months beside the current one that have their partition already
MOST_SURVIVORS = 10_000  # runs worth carrying out of a month; more, and its events go one by one
PATIENCE = "2s"  # how long readers and writers may be kept waiting by a change of partitions

_KNOWN = """
SELECT child.relname, pg_get_expr(child.relpartbound, child.oid), greatest(child.reltuples, 0)::bigint
  FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
 WHERE inhparent = to_regclass(%s) AND child.relname <> %s
"""
# Events of runs that are not over, or ended too late: they outlive their month.
_SURVIVORS = """
SELECT run_id FROM executions_runhead WHERE run_id >= {low} AND run_id < {high} AND state <> 'ended'
 UNION SELECT run_id FROM {month} WHERE at >= {before} LIMIT {limit}
"""


@dataclass(frozen=True, slots=True)
class Month:
    """A partition: the run ids from `low` to before `high`; `events` is the planner's estimate."""

    name: str
    low: uuid.UUID
    high: uuid.UUID
    events: int = 0


def first_id(at: datetime) -> uuid.UUID:
    """The lowest id that can be made at a time."""
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)


def month_of(at: datetime) -> Month:
    """The month that runs made at this time belong to."""
    start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Month(f"{PARENT}_{start:%Y_%m}", first_id(start), first_id(_next_month(start)))


def missing_months(now: datetime) -> list[Month]:
    """Of the current month and the two after it those that nothing was made for.

    Without those of which the default partition holds events already: there they stay.
    """
    wanted, at = [], now
    for _ in range(1 + AHEAD):
        wanted.append(month_of(at))
        at = _next_month(at)
    made = list(_made())
    missing = [month for month in wanted if not any(one.low <= month.low < one.high for one in made)]
    return [month for month in missing if not _is_astray(month)]


def make_month(month: Month) -> None:
    """Make its partition. Raises OperationalError where the table is too busy, IntegrityError where the
    default partition holds events of that month already: then these stay there.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        for statement in (
            "CREATE TABLE {month} (LIKE {parent} INCLUDING ALL)",
            # Not `PARTITION OF`, which would lock out everybody who reads or writes events.
            "ALTER TABLE {parent} ATTACH PARTITION {month} FOR VALUES FROM ({low}) TO ({high})",
        ):
            cursor.execute(_composed(statement, month))


def droppable_months(before: datetime) -> Iterator[Month]:
    """The partitions of runs that were all made before a time, oldest first."""
    limit = first_id(before)
    return iter(sorted((one for one in _made() if one.high <= limit), key=lambda one: one.high))


def drop_month(month: Month, before: datetime) -> bool:
    """Drop a partition with its events, but for those of runs that are not over or ended after `before`,
    which move into the default partition; False where these are too many to carry.

    Raises OperationalError where the table is too busy.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        cursor.execute(_composed(_SURVIVORS, month, before=before, limit=MOST_SURVIVORS + 1))
        survivors = [row[0] for row in cursor.fetchall()]
        if len(survivors) > MOST_SURVIVORS:
            return False
        # From here on nobody reads or writes events, for as long as it takes to carry the few.
        cursor.execute(_composed("ALTER TABLE {parent} DETACH PARTITION {month}", month))
        if survivors:
            carry = "INSERT INTO {parent} SELECT * FROM {month} WHERE run_id = ANY({ids})"
            cursor.execute(_composed(carry, month, ids=survivors))
        cursor.execute(_composed("DROP TABLE {month}", month))
    return True


def _is_astray(month: Month) -> bool:
    astray = "SELECT EXISTS (SELECT FROM {default} WHERE run_id >= {low} AND run_id < {high})"
    with connection.cursor() as cursor:
        cursor.execute(_composed(astray, month))
        return bool(cursor.fetchone()[0])


def _made() -> Iterator[Month]:
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [PARENT, DEFAULT])
        for name, bounds, events in cursor.fetchall():
            low, high = (part.split("(")[1].split(")")[0].strip("'") for part in bounds.split(" TO "))
            yield Month(
                name, uuid.UUID(int=0) if low == "MINVALUE" else uuid.UUID(low), uuid.UUID(high), events
            )


def _composed(statement: str, month: Month, **values: Any) -> sql.Composed:
    names = {"parent": sql.Identifier(PARENT), "month": sql.Identifier(month.name)}
    names["default"] = sql.Identifier(DEFAULT)
    bounds = {"low": month.low, "high": month.high, **values}
    return sql.SQL(statement).format(**names, **{key: sql.Literal(each) for key, each in bounds.items()})


def _next_month(at: datetime) -> datetime:
    return (at.astimezone(UTC).replace(day=28) + timedelta(days=4)).replace(day=1)
