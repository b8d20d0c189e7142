"""Turns as the AI SDK's UI message stream: told live, to their end, and again."""

import threading
import time
from typing import Any

import httpx2
import pytest

from tests.factories import make_actor
from tests.objectives.agent_loop.working import bare_tool, prompt_with
from tests.objectives.chat.chatting import Chatter, Streamed, agent_address
from tests.objectives.runs import make_published_agent

pytestmark = [pytest.mark.timeout(200), pytest.mark.django_db, pytest.mark.usefixtures("shared_worker")]


def chatter(server, script, *calls: Any, actor=None, **variation):
    actor = actor or make_actor()
    tools = [make(actor) for make in calls]
    agent = make_published_agent(actor, *tools, system_prompt_template=prompt_with(script), **variation)
    return Chatter(server, actor, agent_address(agent))


def asking(actor):
    return bare_tool(actor, "ask", requires_approval=True)


def test_a_first_message_begins_a_thread_and_its_answer_is_streamed(server):
    client = chatter(server, [{"say": "Good morning."}])

    streamed = client.chat("Hello there, how are you?")

    assert streamed.types[0] == "data-thread"
    assert streamed.types[1:3] == ["start", "start-step"]
    assert "Good morning." in streamed.said
    assert streamed.types[-2:] == ["finish-step", "finish"]
    assert streamed.frames[-1][1] == "[DONE]"
    thread = client.ask("GET", f"threads/{streamed.thread_id}").json()["data"]
    assert (thread["title"], thread["state"]) == ("Hello there, how are you?", "idle")


def test_what_is_streamed_is_what_a_reload_shows(server):
    client = chatter(server, [{"say": "Good morning."}])
    streamed = client.chat("Hello")

    shown = client.ui(streamed.thread_id)

    start = next(chunk for chunk in streamed.chunks if chunk["type"] == "start")
    user, answer = shown["data"]
    assert (user["role"], answer["role"], answer["id"]) == ("user", "assistant", start["messageId"])
    assert [part["text"] for part in answer["parts"] if part["type"] == "text"] == [streamed.said]
    assert user["metadata"]["author"]["id"] == str(client.actor.principal.id)


def test_an_approval_ends_the_stream_and_is_decided_in_the_body(server):
    client = chatter(server, [{"tool": "ask", "arguments": {"order": "7"}}, {"say": "Thanks."}], asking)
    first = client.chat("Ask.")
    assert first.types[-1] == "finish"
    assert first.chunks[-1]["finishReason"] == "tool-calls", first.said
    call = next(chunk for chunk in first.chunks if chunk["type"] == "tool-approval-request")
    assert call["toolCallId"].startswith("toolcall_")
    messages = client.ui(first.thread_id)["data"]
    part = next(part for part in messages[-1]["parts"] if part["type"] == "dynamic-tool")
    assert part["state"] == "approval-requested"
    part.update(state="approval-responded", approval={"id": part["approval"]["id"], "approved": True})

    with client.post_turn({"id": first.thread_id, "messages": messages}) as response:
        second = Streamed(first.thread_id, response.read().decode())
    content = client.ask("POST", f"tool-calls/{call['toolCallId']}/content", json={"content": "Yes."})
    client.wait_for(first.thread_id, "idle")

    assert second.types[-1] == "finish"
    assert (
        next(chunk for chunk in second.chunks if chunk["type"] == "start")["messageId"] == messages[-1]["id"]
    )
    assert content.status_code == 200
    final = client.ui(first.thread_id)["data"][-1]
    tool = next(part for part in final["parts"] if part["type"] == "dynamic-tool")
    assert (tool["state"], tool["output"]) == ("output-available", "Yes.")


def test_the_same_decision_again_changes_nothing_and_another_is_refused(server):
    client = chatter(server, [{"tool": "ask", "arguments": {"order": "7"}}, {"say": "Pity."}], asking)
    first = client.chat("Ask.")
    call_id = next(one["toolCallId"] for one in first.chunks if one["type"] == "tool-approval-request")

    answers = [
        client.ask("POST", f"tool-calls/{call_id}/{verb}", json={"memo": "No."})
        for verb in ("deny", "deny", "approve")
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 409]
    client.wait_for(first.thread_id, "idle")
    tool = next(
        part for part in client.ui(first.thread_id)["data"][1]["parts"] if part["type"] == "dynamic-tool"
    )
    assert (tool["state"], tool["approval"]["reason"]) == ("output-denied", "No.")


def test_a_tab_that_closes_stops_nothing_and_another_device_sees_the_turn_from_its_beginning(server):
    client = chatter(server, [{"say": "First words. "}, {"sleep": 1.5}, {"answer": "Last words."}])
    with client.open_chat("Go.") as response:
        thread_id = response.headers["x-thread-id"]
        next(response.iter_lines())

    other = client.ask("GET", f"chat/{thread_id}/stream")

    assert other.status_code == 200
    assert "Last words." in Streamed(thread_id, other.text).said
    assert client.ask("GET", f"chat/{thread_id}/stream").status_code == 204


def test_a_stream_goes_on_after_the_last_event_id(server):
    client = chatter(server, [{"say": "First words. "}, {"sleep": 2}, {"answer": "Last words."}])
    seen = ""
    with client.open_chat("Go.") as response:
        thread_id = response.headers["x-thread-id"]
        for text in response.iter_text():
            seen += text
            if "First words" in seen:
                break
    first = Streamed(thread_id, seen)
    last = max(int(number) for number, _ in first.frames if number)

    rest = client.ask("GET", f"chat/{thread_id}/stream", headers={"Last-Event-ID": str(last)})

    second = Streamed(thread_id, rest.text)
    whole = client.ui(thread_id)["data"][-1]
    assert "start" not in second.types
    assert first.said + second.said == "".join(p["text"] for p in whole["parts"] if p["type"] == "text")


def test_stop_stops_within_a_second_for_everybody_and_keeps_what_was_said(server):
    client = chatter(server, [{"say": "So far. "}, {"sleep": 30}, {"answer": "Never."}])
    told = []

    def follow():
        with client.open_chat("Go.") as response:
            told.append(response.headers["x-thread-id"])
            told.append(response.read().decode())
            told.append(time.monotonic())

    follower = threading.Thread(target=follow)
    follower.start()
    while not told or "So far" not in str(client.ui(told[0])["meta"]["thread"]["seq"] > 3 and "So far"):
        time.sleep(0.05)
    time.sleep(0.5)
    asked = time.monotonic()
    stopped = client.ask("POST", f"chat/{told[0]}/stop")
    again = client.ask("POST", f"chat/{told[0]}/stop")
    follower.join(20)

    assert (stopped.status_code, again.status_code) == (200, 200)
    assert told[2] - asked < 1
    assert Streamed(told[0], told[1]).types[-1] == "abort"
    answer = client.ui(told[0])["data"][-1]
    assert answer["metadata"]["is_partial"] is True
    assert "So far." in answer["parts"][1]["text"]


def test_a_message_that_is_sent_meanwhile_is_queued_shown_heard_and_can_be_taken_back(server):
    client = chatter(server, [{"say": "One. "}, {"sleep": 2}, {"answer": "Done."}, {"say": "Two: {message}"}])
    with client.open_chat("Go.") as response:
        thread_id = response.headers["x-thread-id"]
        next(response.iter_lines())
        queued = client.ask("POST", f"threads/{thread_id}/messages", json={"content": "Wait, no."})
        shown = client.ui(thread_id)["meta"]["queued"]
        taken = client.ask("DELETE", f"threads/{thread_id}/messages/{queued.json()['data']['id']}")
        answered = client.chat("And now?", thread_id=thread_id)

    assert queued.status_code == 202
    assert [one["content"] for one in shown] == ["Wait, no."]
    assert taken.status_code == 204
    assert "data-queued" in answered.types
    assert "Two: And now?" in answered.said
    said = [m["parts"][0]["text"] for m in client.ui(thread_id)["data"] if m["role"] == "user"]
    assert said == ["Go.", "And now?"]


def test_the_default_transport_begins_a_thread_by_its_own_id_and_goes_on_in_it(server):
    client = chatter(server, [{"answer": "One."}, {"answer": "Two."}])
    message = {"id": "m1", "role": "user", "parts": [{"type": "text", "text": "Hi"}]}
    bodies = [
        {
            "id": "AbCdEf0123456789",
            "messages": [message],
            "trigger": "submit-message",
            "agent_id": client.agent_id,
        }
    ] * 2
    told = []

    for body in bodies:
        with client.post_turn(body) as response:
            told.append(Streamed(response.headers["x-thread-id"], response.read().decode()))

    assert told[0].thread_id == told[1].thread_id
    assert ["One." in told[0].said, "Two." in told[1].said] == [True, True]


def test_a_ticket_for_a_thread_decides_no_call_of_another_in_the_body_of_a_turn(server):
    client = chatter(server, [{"tool": "ask", "arguments": {"order": "7"}}, {"say": "Thanks."}], asking)
    mine, other = client.chat("Ask."), client.chat("Ask too.")
    target = {"for": {"thread_id": mine.thread_id}, "may": ["read", "decide"]}
    ticket = client.ask("POST", "../../tickets", json=target).json()["data"]["ticket"]

    answers = []
    for asked in (other, mine):
        call_id = next(one["toolCallId"] for one in asked.chunks if one["type"] == "tool-approval-request")
        approval = {"id": call_id, "approved": True}
        part = {"type": "dynamic-tool", "toolCallId": call_id, "state": "approval-responded"}
        message = {"role": "assistant", "parts": [{**part, "approval": approval}]}
        body = {"id": mine.thread_id, "messages": [message]}
        with httpx2.stream(
            "POST", f"{client.space}/chat", params={"ticket": ticket}, json=body, timeout=60
        ) as response:
            answers.append(response.status_code)

    assert answers == [404, 200]
    state = client.ui(other.thread_id)["data"][-1]["parts"]
    assert [part["state"] for part in state if part["type"] == "dynamic-tool"] == ["approval-requested"]
