"""Logs as the version before wrote them, read by every door as if they were written today."""

import json
import re
from pathlib import Path

import pytest
from django.utils.dateparse import parse_datetime

from executions.models import RunEvent, RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.feed import append_to_feed
from executions.runs.models import HeadState
from objectives.events import IN_FEED
from objectives.former_events import stored, upcast
from objectives.ids import Prefix, read, spell
from objectives.models import Objective
from tests import asking
from tests.executions.runs.live.clients import open_socket, receive, send
from tests.executions.runs.live.server import Server
from tests.executions.runs.live.test_objectives import events_url, workspace
from tests.factories import Actor, make_actor
from tests.objectives.admin.desk import page_of
from tests.objectives.agent_loop.logs import alike, listed
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db(transaction=True)

LOOP = Path(__file__).parents[3] / "objectives" / "agent_loop"


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def former_logs(actor: Actor) -> list[Objective]:
    """Objectives of the actor's, with the logs that the version before wrote of the agent loop's story."""
    text = (LOOP / "former_events.jsonl").read_text()
    owners = json.loads(text.splitlines()[0])
    text = text.replace(owners["account"], spell(Prefix.ACCOUNT, actor.tenant.id))
    text = text.replace(owners["workspace"], workspace(actor))
    text = text.replace(owners["profile"], spell(Prefix.PROFILE, actor.principal.id))
    agent, made = make_published_agent(actor), []
    for part in text.split('{"objective": "')[1:]:
        name, _, rows = part.partition('"}\n')
        objective = begin_objective(actor, agent)
        write_log(objective, rows.replace(name, spell(Prefix.OBJECTIVE, objective.id)).splitlines())
        made.append(objective)
    return made


def write_log(objective: Objective, lines: list[str]) -> None:
    """These rows, and nothing else, in a log that has ended."""
    RunEvent.objects.filter(run_id=objective.id).delete()
    rows = [
        RunEvent(run_id=objective.id, seq=seq, **{**row, "at": parse_datetime(row["at"])})
        for seq, row in enumerate(map(json.loads, lines), 1)
    ]
    RunEvent.objects.bulk_create(rows)
    RunHead.objects.filter(pk=objective.id).update(
        seq=len(rows), state=HeadState.ENDED, last_event_id=rows[-1].event_id, available_at=None
    )
    append_to_feed(objective.space_id, [row for row in rows if row.kind in stored(IN_FEED)])


def test_the_workspace_api_streams_and_lists_them_as_before(server: Server, actor: Actor) -> None:
    told = [
        alike(
            asking.get(events_url(server, actor, one), headers=actor.headers).text.removeprefix(":\n"),
            listed(actor, one, includeInfo="true"),
        )
        for one in former_logs(actor)
    ]

    assert "\n".join(told) == (LOOP / "event_story.txt").read_text()


def test_a_window_of_before_can_be_asked_for(actor: Actor) -> None:
    objective = former_logs(actor)[0]
    events = json.loads(listed(actor, objective))["items"]
    window = next(one["contextWindowId"] for one in events if one["contextWindowId"])

    of_window = json.loads(listed(actor, objective, windowId=window))["items"]

    assert [one["metadata"]["id"] for one in of_window] == [
        one["metadata"]["id"] for one in events if one["contextWindowId"] == window
    ]
    assert json.loads(listed(actor, objective, windowId="objwin_none"))["items"] == []


def test_the_socket_tells_them_in_the_words_of_today(server: Server, actor: Actor) -> None:
    objective = former_logs(actor)[0]

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="a", objective_id=str(objective.id), after=0)
        frames = [receive(socket)]
        while frames[-1]["type"] != "ended":
            frames.append(receive(socket))

    events = [frame for frame in frames if frame["type"] == "event"]
    assert {one["kind"] for one in events} <= set(EventKind)
    assert not [name for one in events for name in one["data"] if re.search("[A-Z]", name)]
    moves = [one["data"] for one in events if one["kind"] == EventKind.STATE_CHANGED]
    assert moves[0] == {
        "from_state": None,
        "state": "pending",
        "caused_by": str(actor.principal.id),
    }
    assert moves[-1]["state"] == "finalized"
    approved = next(one["data"] for one in events if one["kind"] == EventKind.APPROVED)
    called = next(one["data"] for one in events if one["kind"] == EventKind.ASSISTANT_MESSAGE)["tool_calls"][
        0
    ]
    assert approved["call_id"] == called["call_id"]
    assert (called["callable"]["kind"], called["callable"]["space_id"]) == ("tool", str(actor.space.id))


def test_the_feed_tells_them_in_the_words_of_today(server: Server, actor: Actor) -> None:
    objective = former_logs(actor)[-1]
    rows = list(RunEvent.objects.filter(run_id=objective.id, kind__in=stored(IN_FEED)).order_by("seq"))

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="a", space_id=str(actor.space.id))
        assert [receive(socket)["type"], receive(socket)["type"]] == ["subscribed", "snapshot"]
        append_to_feed(actor.space.id, rows)
        frames = [receive(socket) for _ in rows]

    moved = [frame["data"]["state"] for frame in frames if frame["kind"] == EventKind.STATE_CHANGED]
    assert moved == ["pending", "running", "waiting", "running", "failed", "running", "waiting"]
    (lost,) = (frame["data"] for frame in frames if frame["kind"] == EventKind.PROVIDER_LOST)
    assert set(lost) == {"message", "since", "next_try_at"}
    (continued,) = (frame["data"] for frame in frames if frame["kind"] == EventKind.CONTINUED)
    assert continued["error_type"] == "worker_lost"


def test_the_admin_s_timeline_tells_them_in_words(actor: Actor) -> None:
    page = page_of(former_logs(actor)[0])

    for text in (
        *("Go.", "I ask.", "a tool needs an approval", "a tool approved by owner", "a tool denied by owner"),
        *("Too dear.", "Sub-agent Helper", "a tool completed", "a tool failed", "There is no tool", "Output"),
    ):
        assert text in page


def test_what_was_fact_already_stays(actor: Actor) -> None:
    text = {"turn": 1, "attempt": 2, "offset": 0, "text": "It is"}

    assert upcast("text.added", text) == (EventKind.TEXT, text)
    assert upcast("turn.restarted", {"turn": 1, "attempt": 2}) == (
        EventKind.RESTARTED,
        {"turn": 1, "attempt": 2},
    )


def test_what_was_not_always_said_is_read_where_it_was(actor: Actor) -> None:
    model = {
        "id": spell(Prefix.MODEL, actor.space.id),
        "name": "M",
        "updatedAt": "2026-11-22T12:00:00.000000Z",
    }
    payload = {"toolCalls": [], "usage": {"inputTokens": 1}, "model": model, "partial": True}
    call = {"toolCallId": spell(Prefix.TOOL_CALL, actor.space.id), "arguments": {}}
    called = {**call, "argumentsExposedInWidgets": True}

    _, said = upcast("message.written", {"type": "assistantMessage", "assistantMessage": payload})
    _, begun = upcast("tool_call.started", {"type": "toolCalled", "toolCalled": called})

    assert (said["model"]["id"], said["usage"], said["is_partial"]) == (
        str(read(Prefix.MODEL, model["id"])),
        {"input_tokens": 1},
        True,
    )
    assert begun == {"call_id": str(actor.space.id), "arguments": {}, "exposes_arguments": True}
