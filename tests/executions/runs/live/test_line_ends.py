"""Whatever a text holds, each event is one line: also for clients that count Unicode's line ends."""

import itertools
import json
import sys
from typing import Any

import pytest

from executions.runs.live.json_encoder import dump
from objectives.actions.cancellation import cancel_objective
from objectives.ids import Prefix, spell
from tests import asking
from tests.executions.runs.live.clients import DOORS, Door, events_in, open_socket, send
from tests.executions.runs.live.runs import make_queued, make_run
from tests.executions.runs.live.server import Server
from tests.executions.runs.live.test_objectives import events_url, sdk
from tests.factories import NOW, Actor, make_actor
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db(transaction=True)

ENDS = [chr(code) for code in range(sys.maxunicode + 1) if len(f"a{chr(code)}b".splitlines()) > 1]
TEXT = "one" + "two".join(ENDS) + "é"


@pytest.mark.parametrize("beside", [{}, {"n": 2**70}, {"half": "\ud800"}], ids=["plain", "large", "half"])
def test_json_is_one_line_and_reads_back_the_same(beside: dict[str, Any]):
    value = {TEXT: [TEXT, {"deep": TEXT}], **beside}

    written = dump(value)

    assert len(ENDS) == 10
    assert written.splitlines() == [written]
    assert json.loads(written) == value


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_every_event_of_an_execution_arrives_whole(server: Server, door: Door):
    run = make_run(tool_call_id=f"call{TEXT}", thread_id=TEXT)
    run.say(TEXT, "next")

    with door.open(server, run, None) as events:
        seen = [next(events) for _ in range(3)]
        run.say(TEXT)  # to one who is there already
        run.finish()
        seen += events

    assert [event.seq for event in seen] == [1, 2, 3, 4, 5, 6]
    assert (seen[0].data["chat_thread_id"], seen[0].data["chat_tool_call_id"]) == (TEXT, f"call{TEXT}")
    assert [event.data["text"] for event in seen[2:5]] == [TEXT, "next", TEXT]


def test_a_stream_that_is_split_as_text_is_whole_events(server: Server):
    run = make_run(tool_call_id=TEXT)
    run.say(TEXT)
    run.finish()

    answer = asking.get(server.events_url(run.execution), headers=run.actor.headers)

    assert [event.seq for event in events_in(iter(answer.text.splitlines()))] == [1, 2, 3, 4]


def test_every_frame_of_a_socket_is_one_line(server: Server):
    actor = make_actor()
    sub = f"s{TEXT}"

    with open_socket(server, actor.headers) as socket:

        def lines(count: int) -> list[dict[str, Any]]:
            frames = [str(socket.recv(timeout=60)) for _ in range(count)]
            assert [len(frame.splitlines()) for frame in frames] == [1] * count
            return [json.loads(frame) for frame in frames]

        send(socket, type="subscribe", sub=sub, tool_call_id=TEXT, thread_id=TEXT)
        begun = lines(2)
        make_queued(actor=actor, tool_call_id=TEXT, thread_id=TEXT)
        shown = lines(1)
        send(socket, type="subscribe", sub="feed", space_id=str(actor.space.id))
        feed = lines(2)
        send(socket, type="unsubscribe", sub=sub)
        send(socket, type="unsubscribe", sub=sub)
        send(socket, type="ping", sub=sub)
        rest = lines(3)

    assert [frame["type"] for frame in begun + shown + feed + rest] == [
        *("subscribed", "waiting", "snapshot", "subscribed", "snapshot", "ended", "error", "pong")
    ]
    assert {frame["sub"] for frame in begun + shown + rest} == {sub}
    assert shown[0]["object"]["chat_thread_id"] == TEXT


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def test_the_sdk_reads_every_event_of_an_objective(server: Server, actor: Actor):
    agent = make_published_agent(actor)
    objective = begin_objective(actor, agent, first_user_message=TEXT)
    cancel_objective(access=actor.access, objective_id=objective.id, reason=TEXT, now=NOW)
    address = spell(Prefix.OBJECTIVE, objective.id)

    with sdk(server, actor) as client:
        events = list(client.objectives.stream_events(address))
        # The same again, as an objective that is made and followed by one call.
        wanted = {"agent_id": spell(Prefix.AGENT, agent.id), "first_user_message": TEXT}
        made = client.objectives.create_and_stream(metadata={"external_id": "a"}, **wanted)
        parts = list(itertools.islice(made, 3))
        made.close()

    said = [event.data.user_message.content for event in events if event.data.type == "userMessage"]
    assert (said, len(events)) == ([TEXT], 4)
    assert parts[2].event.data.user_message.content == TEXT
    raw = asking.get(events_url(server, actor, objective), headers=actor.headers).text
    data = [json.loads(line[6:]) for line in raw.splitlines() if line.startswith('data: {"')]
    assert len(data) == 4
    assert all(line.startswith(("data: ", "id: ", ":")) or not line for line in raw.splitlines())
