"""A space's feed on the websocket: every state change, once."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from executions.models import FeedEntry, FeedHead
from tests.executions.runs.live.clients import open_socket, receive, send
from tests.executions.runs.live.runs import make_queued, make_run
from tests.executions.runs.live.server import Server
from tests.factories import make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_space_shows_what_runs_and_then_every_change_once(server: Server):
    actor = make_actor()
    run = make_run(actor=actor)

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="s", space_id=str(actor.space.id))
        snapshot = [receive(socket) for _ in range(2)][1]
        run.say("not for the feed")
        run.finish()
        other = make_queued(actor=actor, tool_call_id="call_2")
        seen = [receive(socket) for _ in range(2)]
    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="s", space_id=str(actor.space.id), after=seen[0]["seq"])
        again = [receive(socket) for _ in range(2)]

    assert [item["id"] for item in snapshot["object"]["executions"]] == [str(run.execution.id)]
    assert len(snapshot["object"]["executions"][0]) == 15
    assert snapshot["object"]["executions"][0]["chat_tool_call_id"] == "call_1"
    assert [event["kind"] for event in seen] == ["execution.succeeded", "execution.queued"]
    assert [event["execution_id"] for event in seen] == [str(run.execution.id), str(other.id)]
    assert "outputs" not in seen[0]["data"]
    assert (again[0]["type"], again[1]) == ("subscribed", seen[1])


def test_a_cursor_of_another_epoch_is_a_gap_and_a_new_snapshot(server: Server):
    actor = make_actor()
    make_run(actor=actor)
    lost = f"{uuid.uuid4().hex}:1"

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="s", space_id=str(actor.space.id), after=lost)
        frames = [receive(socket) for _ in range(3)]

    assert [frame["type"] for frame in frames] == ["subscribed", "gap", "snapshot"]
    assert (frames[1]["from"], frames[1]["to"]) == (lost, frames[2]["seq"])


def test_a_cursor_whose_successors_were_removed_is_a_gap_and_a_new_snapshot(server: Server):
    actor = make_actor()
    make_run(actor=actor).finish()
    epoch = FeedHead.objects.get(pk=actor.space.id).epoch
    FeedEntry.objects.filter(space_id=actor.space.id, n=2).delete()

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="s", space_id=str(actor.space.id), after=f"{epoch.hex}:1")
        frames = [receive(socket) for _ in range(3)]

    assert [frame["type"] for frame in frames] == ["subscribed", "gap", "snapshot"]
    assert frames[2]["seq"] == f"{epoch.hex}:3"


def test_resuming_at_every_cursor_continues_right_behind_it(server: Server):
    actor = make_actor()
    for number in range(4):
        make_run(actor=actor, tool_call_id=f"call_{number}").finish()
    epoch = FeedHead.objects.get(pk=actor.space.id).epoch

    for after in range(13):
        with open_socket(server, actor.headers) as socket:
            send(
                socket, type="subscribe", sub="s", space_id=str(actor.space.id), after=f"{epoch.hex}:{after}"
            )
            assert receive(socket)["type"] == "subscribed"
            seen = [receive(socket)["seq"] for _ in range(12 - after)]
            send(socket, type="ping")
            assert receive(socket)["type"] == "pong"
        assert seen == [f"{epoch.hex}:{n}" for n in range(after + 1, 13)]


def test_concurrent_spaces_and_runs_are_told_in_one_order_without_a_gap(server: Server):
    actor = make_actor()
    make_skill()

    def work(number: int) -> None:
        make_run(actor=actor, tool_call_id=f"call_{number}").finish()
        connection.close()

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="s", space_id=str(actor.space.id))
        start = [receive(socket) for _ in range(2)][1]["seq"]
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(12)))
        seen = [receive(socket) for _ in range(36)]

    epoch, _, first = start.partition(":")
    assert [event["seq"] for event in seen] == [f"{epoch}:{int(first) + n}" for n in range(1, 37)]
    for execution_id in {event["execution_id"] for event in seen}:
        kinds = [event["kind"] for event in seen if event["execution_id"] == execution_id]
        assert kinds == ["execution.queued", "execution.started", "execution.succeeded"]
