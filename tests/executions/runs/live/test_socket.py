"""What one websocket can follow at once, and how it refuses."""

import json
from typing import Any

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from executions.actions.retry import retry_execution
from executions.runs.live.socket.client_frames import MAX_FRAME_CHARACTERS
from spaces.access import Caller
from spaces.tickets import issue_ticket
from tests.executions.runs.live.clients import open_socket, receive, send
from tests.executions.runs.live.runs import make_run
from tests.executions.runs.live.server import Server
from tests.factories import make_actor, unknown_id

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_snapshot_and_the_events_behind_it_make_the_row(server: Server):
    run = make_run()
    run.say("before")

    with open_socket(server, run.actor.headers) as socket:
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id))
        subscribed, snapshot = receive(socket), receive(socket)
        run.finish()
        event, ended = receive(socket), receive(socket)
    run.execution.refresh_from_db()

    assert subscribed == {"type": "subscribed", "sub": "a", "execution_id": str(run.execution.id)}
    assert (snapshot["seq"], snapshot["object"]["state"], len(snapshot["object"])) == (3, "running", 25)
    assert (event["seq"], event["kind"]) == (4, "execution.succeeded")
    folded = snapshot["object"] | event["data"]
    assert (folded["state"], folded["outputs"]) == (run.execution.state, run.execution.outputs)
    assert ended == {"type": "ended", "sub": "a", "reason": "finished"}


def test_a_tool_call_is_waited_for_before_it_has_an_execution(server: Server):
    actor = make_actor()

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="c", tool_call_id="functions.x:0")
        before = [receive(socket)["type"] for _ in range(2)]
        run = make_run(actor=actor, tool_call_id="functions.x:0")
        snapshot = receive(socket)
        run.finish()
        frames = list(iter(lambda: receive(socket), {"type": "ended", "sub": "c", "reason": "finished"}))

    assert before == ["subscribed", "waiting"]
    assert snapshot["object"]["id"] == str(run.execution.id)
    assert [frame["seq"] for frame in frames] == list(range(snapshot["seq"] + 1, 4))
    assert {frame["execution_id"] for frame in frames} == {str(run.execution.id)}


def test_a_tool_call_from_zero_replays_the_whole_log(server: Server):
    actor = make_actor()

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="c", tool_call_id="call_0", space_id=str(actor.space.id), after=0)
        assert [receive(socket)["type"] for _ in range(2)] == ["subscribed", "waiting"]
        run = make_run(actor=actor, tool_call_id="call_0")
        run.finish()
        seen = [receive(socket)["seq"] for _ in range(3)]

    assert seen == [1, 2, 3]


def test_a_thread_narrows_a_tool_call(server: Server):
    actor = make_actor()
    make_run(actor=actor, tool_call_id="functions.x:0", thread_id="t1")

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="c", tool_call_id="functions.x:0", thread_id="t2")
        before = [receive(socket)["type"] for _ in range(2)]
        run = make_run(actor=actor, tool_call_id="functions.x:0", thread_id="t2")
        snapshot = receive(socket)

    assert before == ["subscribed", "waiting"]
    assert snapshot["object"]["id"] == str(run.execution.id)


def test_a_retry_is_found_by_subscribing_again_and_begins_with_its_own_snapshot(server: Server):
    run = make_run()
    run.say("one", "two")
    run.finish()
    retried, _ = retry_execution(access=run.actor.access, execution_id=run.execution.id, now=timezone.now())

    with open_socket(server, run.actor.headers) as socket:
        send(socket, type="subscribe", sub="c", tool_call_id="call_1", after=4)
        frames = [receive(socket) for _ in range(2)]

    assert [frame["type"] for frame in frames] == ["subscribed", "snapshot"]
    assert frames[1]["object"]["id"] == str(retried.id)


def test_one_socket_follows_many_things_and_stops_one(server: Server):
    actor = make_actor()
    runs = [make_run(actor=actor, tool_call_id=f"call_{number}") for number in range(5)]

    with open_socket(server, actor.headers) as socket:
        for number, run in enumerate(runs):
            send(socket, type="subscribe", sub=str(number), execution_id=str(run.execution.id), after=2)
            assert receive(socket)["type"] == "subscribed"
        send(socket, type="unsubscribe", sub="3")
        unsubscribed = receive(socket)
        for run in runs:
            run.say("hello")
        seen = {receive(socket)["sub"] for _ in range(4)}
        send(socket, type="ping", sub="p")
        pong = receive(socket)

    assert unsubscribed == {"type": "ended", "sub": "3", "reason": "unsubscribed"}
    assert seen == {"0", "1", "2", "4"}
    assert pong == {"type": "pong", "sub": "p"}


BAD = [
    ("no json", None, None),
    ("[]", None, None),
    ('{"type": "shout"}', "type", None),
    ('{"sub": "a"}', "type", "a"),
    ('{"type": {}, "sub": "a"}', "type", "a"),
    ('{"type": "subscribe", "sub": 7}', "sub", None),
    ('{"type": "subscribe", "sub": ""}', "sub", ""),
    ('{"type": "subscribe", "sub": "a"}', None, "a"),
    ('{"type": "subscribe", "sub": "a", "execution_id": "x"}', "execution_id", "a"),
    ('{"type": "subscribe", "sub": "a", "execution_id": 5}', "execution_id", "a"),
    ('{"type": "subscribe", "sub": "a", "space_id": "x"}', "space_id", "a"),
    ('{"type": "subscribe", "sub": "a", "tool_call_id": "a\\u0000b"}', "tool_call_id", "a"),
    ('{"type": "subscribe", "sub": "a", "tool_call_id": "c", "after": -1}', "after", "a"),
    ('{"type": "subscribe", "sub": "a", "tool_call_id": "c", "after": true}', "after", "a"),
    ('{"type": "subscribe", "sub": "a", "tool_call_id": "c", "after": "x:1"}', "after", "a"),
    ('{"type": "subscribe", "sub": "a", "tool_call_id": "c", "colour": "red"}', "colour", "a"),
    ('{"type": "subscribe", "sub": "a", "execution_id": "e", "tool_call_id": "c"}', "execution_id", "a"),
    ('{"type": "unsubscribe"}', "sub", None),
]


def test_bad_frames_are_answered_by_naming_the_field(server: Server):
    actor = make_actor()

    with open_socket(server, actor.headers) as socket:
        for text, field, sub in BAD:
            socket.send(text)
            answer = receive(socket)
            assert (answer["type"], answer["code"], answer["sub"]) == ("error", "invalid", sub), text
            assert answer.get("field") == field, text
        socket.send(b"\x00binary")
        assert receive(socket)["code"] == "invalid"
        send(socket, type="ping")
        assert receive(socket) == {"type": "pong"}


def test_a_name_in_use_and_an_unknown_name_are_refused(server: Server):
    run = make_run()

    with open_socket(server, run.actor.headers) as socket:
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=2)
        receive(socket)
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=2)
        in_use = receive(socket)
        send(socket, type="unsubscribe", sub="b")
        unknown = receive(socket)

    assert (in_use["code"], unknown["code"]) == ("conflict", "not_subscribed")


def test_an_objective_that_is_none_is_refused_like_any_other_run(server: Server):
    with open_socket(server, make_actor().headers) as socket:
        codes = []
        for objective_id in ("obj_1", str(unknown_id())):
            send(socket, type="subscribe", sub="o", objective_id=objective_id)
            codes.append(receive(socket)["code"])

    assert codes == ["invalid", "not_found"]


@pytest.mark.parametrize("size", [0, 125, 126, 65_000, 70_000, 2_000_000])
def test_frames_of_every_length_arrive_whole(server: Server, size: int):
    actor = make_actor()
    run = make_run(actor=actor)

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=2)
        assert receive(socket)["type"] == "subscribed"
        run.say("é" * (size // 2))
        event = receive(socket)

    assert event["data"] == {"text": "é" * (size // 2)}


def test_a_frame_too_long_closes_the_socket(server: Server):
    with open_socket(server, make_actor().headers) as socket:
        socket.send(json.dumps({"type": "ping", "sub": "x" * MAX_FRAME_CHARACTERS}))
        assert receive(socket)["code"] == "invalid"
        with pytest.raises(ConnectionClosed) as closed:
            receive(socket)
    assert closed.value.rcvd.code == 4413


def test_another_path_is_no_socket(server: Server):
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{server.port}/v1/other"):
        pass
    assert refused.value.response.status_code == 403


def test_a_ticket_opens_one_socket(server: Server):
    actor = make_actor()
    ticket, _ = issue_ticket(caller=Caller(actor.principal, actor.key), session_key=None, now=timezone.now())

    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        send(socket, type="ping")
        first = receive(socket)

    assert first == {"type": "pong"}
    assert close_code(server, {}, f"?ticket={ticket}") == 4401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_foreign_page_is_refused(server: Server, origin: str):
    assert close_code(server, make_actor().headers, origin=origin) == 4403


def test_our_own_page_and_an_allowed_one_are_let_in(server: Server):
    actor = make_actor()
    for origin in (server.url, "https://app.example.com"):
        with open_socket(server, actor.headers, origin=origin) as socket:
            send(socket, type="ping")
            assert receive(socket)["type"] == "pong"


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "cb_no_key"}, {"Cookie": "sessionid=nobody"}])
def test_unknown_credentials_close_the_socket(server: Server, headers: dict[str, str]):
    assert close_code(server, headers) == 4401


@pytest.mark.parametrize("target", ["execution_id", "space_id", "tool_call_id"])
def test_a_stranger_learns_nothing(server: Server, target: str):
    run, stranger = make_run(), make_actor(name="stranger")
    own = {"execution_id": run.execution.id, "space_id": run.actor.space.id, "tool_call_id": "call_1"}
    unknown = {"execution_id": unknown_id(), "space_id": unknown_id(), "tool_call_id": "call_unknown"}

    answers = []
    with open_socket(server, stranger.headers) as socket:
        for values in (own, unknown):
            send(socket, type="subscribe", sub="a", **{target: str(values[target])})
            frames = [receive(socket)]
            if frames[0]["type"] == "subscribed":
                frames.append(receive(socket))
                send(socket, type="unsubscribe", sub="a")
                receive(socket)
            answers.append([{**frame, "tool_call_id": None} for frame in frames])

    assert answers[0] == answers[1]
    assert answers[0][-1]["type"] == ("waiting" if target == "tool_call_id" else "error")


def close_code(server: Server, headers: dict[str, str], query: str = "", **options: Any) -> int:
    with open_socket(server, headers, query, **options) as socket:
        assert receive(socket)["type"] == "error"
        with pytest.raises(ConnectionClosed) as closed:
            receive(socket)
    return closed.value.rcvd.code
