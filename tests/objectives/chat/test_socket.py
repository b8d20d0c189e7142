"""A chat on the websocket alone: say, follow, decide, stop."""

import pytest

from tests.executions.api.speaking import make_execution
from tests.executions.runs.live.clients import open_socket, receive, send
from tests.factories import make_actor, make_skill
from tests.objectives.chat.chatting import Chatter
from tests.objectives.chat.test_turns import asking, chatter

pytestmark = [
    pytest.mark.timeout(200),
    pytest.mark.django_db,
    pytest.mark.usefixtures("shared_worker"),
]


def until(socket, seen, found):
    """Frames up to the first that is meant."""
    while not (seen and found(seen[-1])):
        seen.append(receive(socket))
    return seen[-1]


def of_kind(kind):
    return lambda frame: frame.get("kind") == kind


def test_a_client_lives_on_one_socket(server):
    client = chatter(server, [{"tool": "ask", "arguments": {"order": "7"}}, {"answer": "Fine."}], asking)
    frames = []
    with open_socket(server, client.actor.headers) as socket:
        send(socket, type="say", id="1", text="Ask.", agent_id=client.agent_id)
        said = receive(socket)
        thread_id = said["result"]["thread_id"]
        send(socket, type="subscribe", sub="t", thread_id=thread_id)
        snapshot = until(socket, frames, lambda frame: frame["type"] == "snapshot")
        client.wait_for(thread_id, "awaiting")
        call = client.ui(thread_id)["data"][1]["parts"][-1]["toolCallId"]
        send(socket, type="approve", id="2", tool_call_id=call)
        send(socket, type="content", id="3", tool_call_id=call, content="Yes.")
        until(socket, frames, lambda frame: frame.get("id") == "3")
        until(socket, frames, lambda frame: frame.get("data", {}).get("content") == "Fine.")
        send(socket, type="deny", id="4", tool_call_id=call)
        refused = until(socket, frames, lambda frame: frame.get("id") == "4")

    assert (said["type"], said["id"]) == ("done", "1")
    assert snapshot["object"]["messages"][0]["parts"][0]["text"] == "Ask."
    numbers = [frame["seq"] for frame in frames if frame["type"] == "event"]
    assert numbers == list(range(snapshot["seq"] + 1, snapshot["seq"] + 1 + len(numbers)))
    assert {frame["id"]: frame["type"] for frame in frames if "id" in frame} == {
        "2": "done",
        "3": "done",
        "4": "error",
    }
    assert refused["code"] == "conflict"


def test_a_command_that_is_wrong_is_answered_by_its_id(server):
    client = chatter(server, [{"answer": "Fine."}])
    with open_socket(server, client.actor.headers) as socket:
        send(socket, type="say", id="1")
        first = receive(socket)
        send(socket, type="stop", id="2", thread_id="01a203d7-a422-7298-af07-d721b3287b2b")
        second = receive(socket)

    assert (first["id"], first["code"], first["field"]) == ("1", "invalid", "text")
    assert (second["id"], second["code"]) == ("2", "not_found")


def test_a_ticket_for_a_thread_opens_that_thread_alone(server):
    client = chatter(server, [{"answer": "Fine."}, {"answer": "Again."}])
    mine, other = client.chat("One.").thread_id, client.chat("Two.").thread_id
    ticket = client.ask(
        "POST", "../../tickets", json={"for": {"thread_id": mine}, "may": ["read", "say"]}
    ).json()["data"]["ticket"]

    answers = []
    with open_socket(server, {}, query=f"?ticket={ticket}") as socket:
        for place, thread_id in enumerate([mine, other]):
            send(socket, type="say", id=str(place), thread_id=thread_id, text="More.")
            answers.append(receive(socket)["type"])

    assert answers == ["done", "error"]


def test_a_ticket_cancels_what_lies_in_its_tool_call_and_nothing_beside(server):
    actor = make_actor()
    make_skill()
    client = Chatter(server, actor)
    own, other = (make_execution(actor, tool_call_id=call_id) for call_id in ("call_1", "call_2"))
    target = {"for": {"tool_call_id": "call_1"}, "may": ["read", "cancel"]}
    ticket = client.ask("POST", "../../tickets", json=target).json()["data"]["ticket"]

    answers = []
    with open_socket(server, {}, query=f"?ticket={ticket}") as socket:
        for place, execution in enumerate([other, own]):
            send(socket, type="cancel", id=str(place), execution_id=str(execution.pk))
            answer = receive(socket)
            answers.append((answer["type"], answer.get("code")))

    assert answers[0] == ("error", "not_found")
    assert answers[1] in {("done", None), ("error", "conflict")}  # the worker may have been faster
