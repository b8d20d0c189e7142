"""Objectives, live: the workspace API's event streams, and the same log on the websocket."""

import json

import pytest
from cadenya import Cadenya

from executions.runs.models import RunEvent
from objectives.actions.cancellation import cancel_objective
from objectives.ids import Prefix, spell
from objectives.models import Objective
from tests import asking
from tests.executions.runs.live.clients import open_socket, receive, send
from tests.executions.runs.live.server import Server
from tests.factories import NOW, make_actor
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db(transaction=True)

TYPES = ["stateChanged", "userMessage", "cancelled", "stateChanged"]


@pytest.fixture
def actor():
    return make_actor()


@pytest.fixture
def agent(actor):
    return make_published_agent(actor)


def workspace(actor):
    return spell(Prefix.WORKSPACE, actor.space.id)


def sdk(server, actor):
    return Cadenya(api_key=actor.token, base_url=server.url, workspace_id=workspace(actor))


def cancel(actor, objective):
    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=NOW)


def events_url(server, actor, objective):
    address = spell(Prefix.OBJECTIVE, objective.id)
    return f"{server.url}/v1/workspaces/{workspace(actor)}/objectives/{address}/events:stream"


def test_the_sdk_follows_an_objective_from_its_first_event_to_its_end(server: Server, actor, agent):
    objective = begin_objective(actor, agent)
    seen = []

    with sdk(server, actor) as client:
        for event in client.objectives.stream_events(spell(Prefix.OBJECTIVE, objective.id)):
            seen.append(event)
            if len(seen) == 2:
                cancel(actor, objective)

    assert [event.data.type for event in seen] == TYPES
    assert [event.metadata.id for event in seen] == sorted(event.metadata.id for event in seen)


def test_a_stream_goes_on_after_the_event_that_the_client_has(server: Server, actor, agent):
    objective = begin_objective(actor, agent)
    cancel(actor, objective)
    ids = [
        spell(Prefix.EVENT, event_id)
        for event_id in RunEvent.objects.filter(run_id=objective.id)
        .order_by("seq")
        .values_list("event_id", flat=True)
    ]

    def following(event_id):
        headers = {**actor.headers, "Last-Event-ID": event_id}
        answer = asking.get(events_url(server, actor, objective), headers=headers)
        assert answer.status_code == 200
        return [line.removeprefix("id: ") for line in answer.text.splitlines() if line.startswith("id: ")]

    assert [following(event_id) for event_id in ids] == [ids[1:], ids[2:], ids[3:], []]


def test_an_event_has_an_id_and_no_name(server: Server, actor, agent):
    objective = begin_objective(actor, agent)
    cancel(actor, objective)

    answer = asking.get(events_url(server, actor, objective), headers=actor.headers)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event:" not in answer.text
    frames = [frame for frame in answer.text.split("\n\n") if "id: objevt_" in frame]
    assert [json.loads(frame.partition("data: ")[2])["data"]["type"] for frame in frames] == TYPES


def test_an_older_client_is_spared_what_it_does_not_know(server: Server, actor, agent):
    objective = begin_objective(actor, agent)
    cancel(actor, objective)
    headers = {**actor.headers, "User-Agent": "cadenya-python/1.0.0"}

    answer = asking.get(events_url(server, actor, objective), headers=headers)

    assert "stateChanged" not in answer.text
    assert '"cancelled"' in answer.text


def test_the_libraries_get_an_id_after_its_event(server: Server, actor, agent):
    """They resume after an id once they have read it, also where the event was then cut off."""
    objective = begin_objective(actor, agent)
    cancel(actor, objective)

    def fields(program):
        headers = {**actor.headers, "User-Agent": program}
        answer = asking.get(events_url(server, actor, objective), headers=headers)
        frames = [frame.splitlines() for frame in answer.text.split("\n\n") if "objevt_" in frame]
        return [[line.partition(":")[0] for line in frame if not line.startswith(":")] for frame in frames]

    assert fields("my-app/1.0") == [["id", "data"]] * len(TYPES)
    assert fields("cadenya-python/1.7.0 (api 1.0)") == [["data", "id"]] * len(TYPES)


@pytest.mark.parametrize(
    ("change", "answered"),
    [
        ({"Authorization": "Bearer cb_no_such"}, (401, 16)),
        ({"Last-Event-ID": "objevt_01HXKD2E5NQM3T9AYWCFQAZGFV"}, (400, 3)),
        ({"Last-Event-ID": "7"}, (400, 3)),
    ],
)
def test_what_is_wrong_is_answered_with_a_status(server: Server, agent, change, answered):
    actor = make_actor(space=agent.space)
    objective = begin_objective(actor, agent)

    answer = asking.get(events_url(server, actor, objective), headers={**actor.headers, **change})

    assert (answer.status_code, answer.json()["code"]) == answered


def test_a_stranger_finds_no_stream(server: Server, actor, agent):
    objective = begin_objective(actor, agent)

    answer = asking.get(events_url(server, actor, objective), headers=make_actor(name="stranger").headers)

    assert (answer.status_code, answer.json()["code"]) == (404, 5)


def test_making_and_following_is_one_call_that_may_be_repeated(server: Server, actor, agent):
    wanted = {
        "agent_id": spell(Prefix.AGENT, agent.id),
        "metadata": {"external_id": "order 7"},
        "first_user_message": "Go.",
    }
    seen = []

    with sdk(server, actor) as client:
        for part in client.objectives.create_and_stream(**wanted):
            seen.append(part)
            if part.type == "event" and part.event.data.type == "userMessage":
                cancel(actor, Objective.objects.get())
        again = list(client.objectives.create_and_stream(**wanted))

    assert [part.type for part in seen] == ["objective"] + ["event"] * 4
    assert [part.event.data.type for part in again[1:]] == TYPES
    assert again[0].objective.metadata.id == seen[0].objective.metadata.id
    assert Objective.objects.count() == 1


def test_making_and_following_needs_a_name_to_repeat_it_by(server: Server, actor, agent):
    url = f"{server.url}/v1/workspaces/{workspace(actor)}/objectives:stream"
    body = {"agentId": spell(Prefix.AGENT, agent.id), "firstUserMessage": "Go."}

    answer = asking.post(url, json=body, headers=actor.headers)

    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert "metadata.externalId" in answer.json()["message"]
    assert not Objective.objects.exists()


@pytest.mark.parametrize("path", ["/{}/events:stream", ":stream"])
def test_a_stream_takes_no_parameters(server: Server, actor, agent, path):
    objective = begin_objective(actor, agent)
    cancel(actor, objective)
    address = spell(Prefix.OBJECTIVE, objective.id)
    url = f"{server.url}/v1/workspaces/{workspace(actor)}/objectives{path.format(address)}?sinceEvent=1"
    send_to = asking.post if path == ":stream" else asking.get

    answer = send_to(url, headers=actor.headers)

    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert "sinceEvent" in answer.json()["message"]


def test_making_and_following_takes_an_idempotency_key_too(server: Server, actor, agent):
    url = f"{server.url}/v1/workspaces/{workspace(actor)}/objectives:stream"
    body = {"agentId": spell(Prefix.AGENT, agent.id), "firstUserMessage": "Go."}
    headers = {**actor.headers, "Idempotency-Key": "k"}
    made = begin_objective(actor, agent, external_id="one")
    cancel(actor, made)

    first, again = (
        asking.post(url, json={**body, "metadata": {"externalId": "one"}}, headers=headers) for _ in range(2)
    )
    other = asking.post(url, json={**body, "metadata": {"externalId": "two"}}, headers=headers)

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert Objective.objects.count() == 1


@pytest.mark.parametrize("spelled", [True, False], ids=["as the workspace API", "as a UUID"])
def test_the_websocket_follows_the_same_log(server: Server, actor, agent, spelled):
    objective = begin_objective(actor, agent)
    address = spell(Prefix.OBJECTIVE, objective.id) if spelled else str(objective.id)

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="a", objective_id=address)
        frames = [receive(socket), receive(socket)]
        cancel(actor, objective)
        while frames[-1]["type"] != "ended":
            frames.append(receive(socket))

    assert [frame["type"] for frame in frames] == ["subscribed", "snapshot", "event", "event", "ended"]
    assert frames[1]["object"]["state"] == "OBJECTIVE_STATE_PENDING"
    assert frames[1]["object"]["toolCalls"] == []
    assert [frame["kind"] for frame in frames[2:4]] == ["objective.cancelled", "objective.state_changed"]


def test_a_space_s_feed_tells_of_objectives_too(server: Server, actor, agent):
    objective = begin_objective(actor, agent)

    with open_socket(server, actor.headers) as socket:
        send(socket, type="subscribe", sub="a", space_id=str(actor.space.id))
        receive(socket)
        shown = receive(socket)["object"]
        cancel(actor, objective)
        event = receive(socket)

    assert [one["metadata"]["id"] for one in shown["objectives"]] == [spell(Prefix.OBJECTIVE, objective.id)]
    assert (event["kind"], event["objective_id"]) == ("objective.state_changed", str(objective.id))
