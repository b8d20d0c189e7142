"""SSE and websocket: one log, read the same through both doors."""

import itertools
import random
import threading
import time

import pytest
from django.db import connection, transaction

from executions.models import RunEvent
from tests.executions.runs.live.clients import DOORS, Door
from tests.executions.runs.live.runs import Run, make_run
from tests.executions.runs.live.server import Server

pytestmark = [pytest.mark.django_db(transaction=True)]
both = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


@both
def test_a_client_sees_what_was_and_what_comes_and_the_end(server: Server, door: Door):
    run = make_run()

    with door.open(server, run, None) as events:
        first = list(itertools.islice(events, 2))
        run.say("one", "two")
        run.finish()
        rest = list(events)

    assert [event.kind for event in first] == ["execution.queued", "execution.started"]
    assert [event.seq for event in first + rest] == [1, 2, 3, 4, 5]
    assert [event.data["text"] for event in rest[:2]] == ["one", "two"]
    assert rest[-1].kind == "execution.succeeded"


@both
def test_resuming_at_every_number_continues_right_behind_it(server: Server, door: Door):
    run = make_run()
    run.say(*(f"text {number}" for number in range(12)))
    run.finish()

    for after in range(run.seq):
        with door.open(server, run, after) as events:
            assert [event.seq for event in events] == list(range(after + 1, run.seq + 1))


@both
def test_nothing_comes_behind_the_end(server: Server, door: Door):
    run = make_run()
    run.finish()

    with door.open(server, run, run.seq) as events:
        assert list(events) == []


@both
def test_removed_events_are_told_as_a_gap(server: Server, door: Door):
    run = make_run()
    run.say(*(f"text {number}" for number in range(6)))
    run.finish()
    RunEvent.objects.filter(run_id=run.execution.id, seq__lte=5).delete()

    with door.open(server, run, 1) as events:
        seen = list(events)

    assert seen[0].data == {"from": 2, "to": 5}
    assert [event.seq for event in seen] == [5, 6, 7, 8, 9]


@both
def test_a_log_removed_whole_is_one_gap_and_the_end(server: Server, door: Door):
    run = make_run()
    run.finish()
    RunEvent.objects.filter(run_id=run.execution.id).delete()

    with door.open(server, run, 0) as events:
        assert [event.data for event in events] == [{"from": 1, "to": 3}]


@both
def test_random_disconnects_lose_and_repeat_nothing(server: Server, door: Door, disconnects: int):
    run = make_run()
    pauses = random.Random(7)
    stop = threading.Event()
    writer = threading.Thread(target=_write_until, args=(run, stop, pauses))
    writer.start()
    seen, connects = [], 0

    try:
        while connects < disconnects:
            connects += 1
            with door.open(server, run, seen[-1].seq if seen else 0) as events:
                seen += itertools.islice(events, pauses.randint(1, 4))
    finally:
        stop.set()
        writer.join(60)
    with door.open(server, run, seen[-1].seq) as events:
        seen += events

    assert connects == disconnects
    assert [event.seq for event in seen] == list(range(1, run.seq + 1))
    assert [event.data["text"] for event in seen if event.kind == "text.appended"] == run.texts


@both
def test_a_killed_listen_connection_delays_and_loses_nothing(server: Server, door: Door):
    run = make_run()

    with door.open(server, run, 2) as events:
        run.say("before")
        before = next(events)
        _kill_listeners()
        run.say("after")
        after = next(events)
        run.finish()
        last = next(events)

    assert [before.data["text"], after.data["text"]] == ["before", "after"]
    assert (after.seq, last.seq) == (before.seq + 1, before.seq + 2)


@both
def test_events_without_a_wake_up_come_within_seconds(server: Server, door: Door):
    run = make_run()

    with door.open(server, run, 2) as events:
        run.say("woken")
        woken = next(events)
        begun = time.monotonic()
        _write_silently(run)
        silent = next(events)
        took = time.monotonic() - begun

    assert (woken.seq, silent.seq, silent.data) == (3, 4, {"text": "silent"})
    assert took < 30  # the server looks every second


def _write_silently(run: Run) -> None:
    """An event of which nobody sends word, as when a wake-up is lost."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE executions_runhead SET seq = seq + 1 WHERE run_id = %s", [run.execution.id])
        cursor.execute(
            "INSERT INTO executions_runevent (run_id, seq, event_id, kind, version, data, at)"
            " VALUES (%s, 4, gen_random_uuid(), 'text.appended', 1, '{\"text\": \"silent\"}', now())",
            [run.execution.id],
        )


def _write_until(run: Run, stop: threading.Event, pauses: random.Random):
    count = 0
    while not stop.wait(pauses.random() * 0.01):
        run.say(*(f"text {count + number}" for number in range(3)))
        count += 3
    run.finish()
    connection.close()


def _kill_listeners() -> None:
    """At least one, which may just be connecting again after an earlier kill."""
    deadline = time.monotonic() + 60
    killed = 0
    while not killed:
        assert time.monotonic() < deadline
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'callboard listen'"
            )
            killed = cursor.fetchone()[0]
