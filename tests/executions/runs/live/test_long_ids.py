"""Ids of 4,096 characters travel whole: dispatch, waiting lookup and socket, under either server."""

import contextlib
import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django import DjangoDbBlocker

from tests import asking
from tests.executions.runs.live.clients import open_socket, receive, send
from tests.executions.runs.live.server import Server, running_server
from tests.factories import Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)

LONGEST = 4096
IDS = {
    "emoji": "🦜" * LONGEST,
    "odd": ("/a b%2F?#" + "🦜é\u2028\\\"'\x85+&=" * LONGEST)[: LONGEST - 1] + " ",
    "gateway": ("CiQB0e+/" * 119)[:949],
}


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def web(
    request: pytest.FixtureRequest, _wakeups_here: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Server]:
    with django_db_blocker.unblock(), running_server(request.param) as found:
        yield found


@pytest.mark.parametrize("text", IDS.values(), ids=IDS)
def test_who_waits_for_an_id_gets_what_is_dispatched_with_it(web: Server, text: str):
    make_skill()
    actor = make_actor()

    with ThreadPoolExecutor(1) as pool, open_socket(web, actor.headers) as socket:
        waiting = pool.submit(look_up, web, actor, text, "30")
        send(socket, type="subscribe", sub="a", tool_call_id=text, thread_id=text)
        first = [receive(socket) for _ in range(2)]
        time.sleep(0.5)
        dispatched = dispatch(web, actor, text)
        status, found = waiting.result()
        snapshot = receive(socket)

    made = dispatched["id"]
    assert [frame["type"] for frame in first] == ["subscribed", "waiting"]
    assert first[0] == {"type": "subscribed", "sub": "a", "tool_call_id": text, "thread_id": text}
    assert (status, found["data"]["id"]) == (200, made)
    assert (snapshot["type"], snapshot["object"]["id"]) == ("snapshot", made)
    assert {shown["chat_tool_call_id"] for shown in (dispatched, found["data"], snapshot["object"])} == {text}


def test_one_character_more_is_refused_by_name(web: Server):
    make_skill()
    actor, text = make_actor(), "x" * (LONGEST + 1)

    answer = asking.post(execute_url(web, actor), json=body_of(text), headers=actor.headers)
    with open_socket(web, actor.headers) as socket:
        send(socket, type="subscribe", sub="a", tool_call_id=text)
        frame = receive(socket)

    assert answer.status_code == 422
    assert [problem["loc"] for problem in answer.json()["detail"]] == [
        ["body", name] for name in ("thread_id", "message_id", "tool_call_id")
    ]
    assert (frame["code"], frame["field"]) == ("invalid", "tool_call_id")
    assert look_up(web, actor, text, "0")[0] == 404


def look_up(web: Server, actor: Actor, text: str, seconds: str) -> tuple[int, Any]:
    """The status and body of a lookup; by the standard library, which takes addresses of any length."""
    path = web.lookup_url(actor.space, text).removeprefix(web.url) + f"?thread_id={quote(text, safe='')}"
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=90)) as connection:
        connection.request("GET", path, headers={**actor.headers, "Prefer": f"wait={seconds}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def execute_url(web: Server, actor: Actor) -> str:
    return f"{web.url}/v1/spaces/{actor.space.id}/tools/echo/execute"


def body_of(text: str) -> dict[str, Any]:
    return {"arguments": {"text": "hi"}, "thread_id": text, "message_id": text, "tool_call_id": text}


def dispatch(web: Server, actor: Actor, text: str) -> dict[str, Any]:
    answer = asking.post(execute_url(web, actor), json=body_of(text), headers=actor.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["data"]
    return made
