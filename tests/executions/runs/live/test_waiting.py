"""`Prefer: wait`: the lookup is held until its execution exists."""

import contextlib
import socket as sockets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from django.db import connection

from tests import asking
from tests.executions.runs.live.runs import make_queued
from tests.executions.runs.live.server import Server, running_server
from tests.factories import Actor, make_actor

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 500


def wait(server: Server, actor: Actor, call: str, seconds: int, **headers: Any):
    return asking.get(
        server.lookup_url(actor.space, call),
        headers={**actor.headers, "Prefer": f"wait={seconds}", **headers},
        timeout=seconds + asking.PATIENCE_SECONDS,
    )


@pytest.fixture(scope="module")
def woken_server(_wakeups_here: None) -> Iterator[Server]:
    """A web process that finds by itself, without being woken, nothing in time."""
    with running_server(TEST_HEAL_SECONDS="60") as found:
        yield found


def test_a_wait_is_released_by_the_dispatch_itself(woken_server: Server):
    actor = make_actor()
    make_queued(actor=actor, tool_call_id="warm-up")
    wait(woken_server, actor, "warm-up", 1)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: (wait(woken_server, actor, "call_9", 30), time.monotonic()))
        time.sleep(1)
        execution = make_queued(actor=actor, tool_call_id="call_9")
        dispatched_at = time.monotonic()
        answer, released_at = waiting.result()

    assert (answer.status_code, answer.json()["data"]["id"]) == (200, str(execution.id))
    assert answer.headers["preference-applied"] == "wait=30"
    assert released_at - dispatched_at < 20  # its own end would release it after 29


def test_the_end_of_a_wait_is_a_404_that_says_how_long_it_was(server: Server):
    actor = make_actor()

    begun = time.monotonic()
    answer = wait(server, actor, "never", 1)

    assert time.monotonic() - begun >= 1
    assert (answer.status_code, answer.headers["preference-applied"]) == (404, "wait=1")
    assert "x-callboard-not-yet" not in answer.headers


def test_without_the_preference_the_answer_is_immediate(server: Server):
    actor = make_actor()

    answer = asking.get(server.lookup_url(actor.space, "never"), headers=actor.headers)

    assert answer.status_code == 404
    assert {"preference-applied", "x-callboard-not-yet"}.isdisjoint(answer.headers)


def test_what_exists_is_answered_at_once_and_what_is_refused_too(server: Server):
    actor, stranger = make_actor(), make_actor(name="stranger")
    make_queued(actor=actor, tool_call_id="there")

    begun = time.monotonic()
    found = wait(server, actor, "there", 30)
    refused = asking.get(server.lookup_url(actor.space, "there"), headers={"Prefer": "wait=30"})
    foreign = asking.get(
        server.lookup_url(actor.space, "there"), headers={**stranger.headers, "Prefer": "wait=30"}
    )

    assert (found.status_code, refused.status_code, foreign.status_code) == (200, 401, 404)
    assert "preference-applied" not in foreign.headers
    assert time.monotonic() - begun < 25  # each of them would have waited for 30


@pytest.mark.parametrize("call", ["a/b", "a%2Fb", "call_|x y", "ü/%", "../..", "functions.x:0", "a//b", "?#"])
def test_any_id_is_waited_for_and_found(server: Server, call: str):
    actor = make_actor()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait, server, actor, call, 30)
        time.sleep(0.3)
        execution = make_queued(actor=actor, tool_call_id=call)
        answer = waiting.result()

    assert answer.json()["data"]["id"] == str(execution.id)
    assert answer.json()["data"]["chat_tool_call_id"] == call


def test_an_id_is_decoded_once(server: Server):
    actor = make_actor()
    slash = make_queued(actor=actor, tool_call_id="a/b")
    percent = make_queued(actor=actor, tool_call_id="a%2Fb")
    base = f"{server.url}/v1/spaces/{actor.space.id}/skills/executions/by-chat-tool-call"

    found = {
        path: asking.get(f"{base}/{path}", headers=actor.headers).json()["data"]["id"]
        for path in ("a/b", "a%2Fb", "a%252Fb")
    }

    assert found == {"a/b": str(slash.id), "a%2Fb": str(slash.id), "a%252Fb": str(percent.id)}


def test_five_hundred_waiters_hold_no_thread_and_no_connection(server: Server):
    actor = make_actor()
    wait(server, actor, "warm-up", 1)
    threads, backends = server.threads(), server_backends()
    calls = [f"call_{number}" for number in range(MANY // 25)]

    with contextlib.ExitStack() as opened:
        waiting = [opened.enter_context(ask(server, actor, call)) for call in calls * 25]
        time.sleep(5)
        held_threads, held_backends = server.threads(), server_backends()
        for call in calls:
            make_queued(actor=actor, tool_call_id=call)
        answers = [client.makefile("rb").readline() for client in waiting]

    assert held_threads - threads <= 12
    assert held_backends - backends <= 8
    assert {answer.split()[1] for answer in answers} == {b"200"}


def ask(server: Server, actor: Actor, call: str) -> sockets.socket:
    """A lookup that waits as long as it may, sent and not yet answered."""
    client = sockets.create_connection(("127.0.0.1", server.port), timeout=90)
    path = server.lookup_url(actor.space, call).removeprefix(server.url)
    client.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nPrefer: wait=30\r\n"
        f"Authorization: Bearer {actor.token}\r\n\r\n".encode()
    )
    return client


def test_a_caller_that_leaves_is_forgotten(server: Server):
    actor = make_actor()

    for _ in range(3):
        with pytest.raises(httpx2.ReadTimeout):
            asking.get(
                server.lookup_url(actor.space, "gone"),
                headers={**actor.headers, "Prefer": "wait=30"},
                timeout=0.5,
            )
    answer = wait(server, actor, "gone", 1)

    assert answer.headers["preference-applied"] == "wait=1"


def server_backends() -> int:
    """Connections to the test database that are not this process's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])
