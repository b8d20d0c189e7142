"""A database that fails once, at each step of a call: the run and its sub-execution go on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from executions.runs.worker.context import Bench
from tests.executions.runs.worker.attempts import kinds, run
from tests.executions.runs.worker.test_calls import child_of, start_pair

pytestmark = pytest.mark.django_db(transaction=True)

# A sequence is not rolled back: it knows which time is the first.
_TRIP = """
CREATE SEQUENCE trips;
CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('trips') = 1 THEN {how} END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trip_once BEFORE INSERT ON executions_{table}
    FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION trip();
"""
_UNTRIP = "DROP FUNCTION trip() CASCADE; DROP SEQUENCE trips"
DEADLOCK = "RAISE EXCEPTION 'once' USING ERRCODE = 'deadlock_detected';"
CUT_OFF = "PERFORM pg_terminate_backend(pg_backend_pid());"


@contextmanager
def failing_once(table: str, when: str, how: str) -> Iterator[None]:
    """Inside, the first such insert of anybody fails; a further one is counted as `trips`."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIP.format(table=table, when=when, how=how))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(_UNTRIP)


def trips() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM trips")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("table", "when", "how"),
    [
        ("runevent", "NEW.kind = 'sub_execution.started'", CUT_OFF),
        ("runevent", "NEW.kind = 'execution.started'", CUT_OFF),
        ("artifact", "true", CUT_OFF),
        ("runevent", "NEW.kind = 'execution.succeeded'", CUT_OFF),
        ("runevent", "NEW.kind = 'sub_execution.finished'", CUT_OFF),
        ("runevent", "NEW.kind = 'sub_execution.finished'", DEADLOCK),
    ],
    ids=["called", "claimed", "kept", "ended", "told", "deadlock"],
)
def test_a_call_survives_a_database_that_fails_once(bench: Bench, *, table: str, when: str, how: str):
    queued = start_pair()
    if "'execution.started'" in when:
        when += f" AND NEW.run_id <> '{queued.id}'"

    with failing_once(table, when, how):
        parent = run(queued, bench)
        tried = trips()

    child = child_of(parent)
    assert tried >= 2
    assert (parent.state, parent.error, child.state) == ("succeeded", None, "succeeded")
    assert kinds(parent).count("sub_execution.started") == 1
    assert kinds(parent).count("sub_execution.finished") == 1
    assert kinds(child).count("artifact.committed") == 1
