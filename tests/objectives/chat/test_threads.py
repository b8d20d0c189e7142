"""Threads over REST: begun, listed, found, named, filed and put away; files kept with their message."""

import io
import json

import pytest
from django.test import Client
from django.utils import timezone

from executions.runs.models import RunHead
from objectives.actions.threads import stop_thread
from objectives.models import ChatSettings, MessageFile, Objective, ObjectiveState, UserMessage
from spaces.access import Caller
from spaces.uploads import upload_file
from tests.factories import make_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor():
    return make_actor()


def ask(actor, method, path, body=None, **headers: str):
    address = f"/v1/spaces/{actor.space.id}/{path}"
    data = "" if body is None else json.dumps(body)
    return Client().generic(
        method, address, data, content_type="application/json", headers={**actor.headers, **headers}
    )


def begin(actor, content="Hello", **more):
    answer = ask(actor, "POST", "threads/messages", {"content": content, **more})
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]


def titles(actor, query=""):
    answer = ask(actor, "GET", f"threads{query}")
    assert answer.status_code == 200, answer.content
    return [thread["title"] for thread in answer.json()["data"]]


def test_the_first_use_founds_the_chat_agent_and_the_next_ones_keep_it(actor):
    first, second = begin(actor), begin(actor)

    agents = {Objective.objects.get(pk=one["thread_id"]).agent for one in (first, second)}
    assert [agent.name for agent in agents] == ["Assistant"]
    assert ChatSettings.objects.get(space=actor.space).agent in agents


def test_a_thread_is_called_by_the_beginning_of_its_message_and_lists_newest_first(actor):
    begin(actor, "One. " + "long " * 40)
    begin(actor, "Two.", title="Second")

    newest, oldest = titles(actor)

    assert newest == "Second"
    assert oldest.startswith("One. long")
    assert len(oldest) <= 81


def test_threads_are_found_by_project_by_what_was_said_and_by_whether_they_are_put_away(actor):
    begin(actor, "About apples", title="A", project_id="p1")
    away = begin(actor, "About pears", title="B")
    archived = ask(actor, "POST", f"threads/{away['thread_id']}/archive")

    assert archived.json()["data"]["archived_at"] is not None
    assert titles(actor) == ["A"]
    assert titles(actor, "?project_id=p1") == ["A"]
    assert titles(actor, "?q=PEARS&archived=true") == ["B"]
    assert titles(actor, "?q=nobody") == []


def test_a_thread_is_named_and_filed(actor):
    thread_id = begin(actor, metadata={"a": 1})["thread_id"]

    answer = ask(
        actor, "PATCH", f"threads/{thread_id}", {"title": "New", "project_id": "p", "archived": True}
    )

    data = answer.json()["data"]
    assert (data["title"], data["project_id"], data["metadata"]) == ("New", "p", {"a": 1})
    assert (
        ask(actor, "PATCH", f"threads/{thread_id}", {"archived": False}).json()["data"]["archived_at"] is None
    )


def test_a_key_begins_one_thread(actor):
    body = {"content": "Hello"}

    answers = [ask(actor, "POST", "threads/messages", body, **{"Idempotency-Key": "k"}) for _ in range(2)]

    assert answers[0].json() == answers[1].json()


def test_messages_have_their_authors_and_what_is_not_built_is_said(actor):
    other = make_actor(space=actor.space, name="Ada")
    said = begin(actor)
    thread_id = said["thread_id"]
    queued = ask(other, "POST", f"threads/{thread_id}/messages", {"content": "And me."})

    messages = ask(actor, "GET", f"threads/{thread_id}/messages").json()["data"]
    refused = ask(actor, "POST", f"threads/{thread_id}/messages", {"content": "x", "branch_id": "b"})

    assert [(m["id"], m["content"], m["author_principal_id"]) for m in messages] == [
        (said["id"], "Hello", str(actor.principal.id))
    ]
    assert queued.status_code == 202
    assert queued.json()["data"]["author_principal_id"] == str(other.principal.id)
    assert refused.status_code == 501


def test_files_are_kept_with_their_message_and_read_by_a_link(actor):
    caller = Caller(actor.principal, actor.key)
    upload_file(caller=caller, name="a.png", content=io.BytesIO(b"bytes"), now=timezone.now())

    said = begin(actor, "Look.", uploaded_files=["a.png"])
    missing = ask(actor, "POST", "threads/messages", {"content": "x", "uploaded_files": ["b.png"]})

    message = ask(actor, "GET", f"threads/{said['thread_id']}/messages?format=ui").json()["data"][0]
    file = message["parts"][1]
    read = Client().get(file["url"])
    assert (file["mediaType"], file["filename"]) == ("image/png", "a.png")
    assert b"".join(read) == b"bytes"
    assert Client().get(file["url"] + "x").status_code == 403
    kept = UserMessage.objects.get(objective_id=said["thread_id"])
    assert MessageFile.objects.get(message=kept).name == "a.png"
    assert "a.png" in kept.content
    assert missing.json()["detail"][0]["loc"] == ["body", "uploaded_files", 0]


def test_what_no_worker_has_begun_is_stopped_at_once(actor):
    thread_id = begin(actor)["thread_id"]

    stop_thread(access=actor.access, thread_id=thread_id, now=timezone.now())

    assert Objective.objects.get(pk=thread_id).state == ObjectiveState.WAITING
    assert RunHead.objects.get(pk=thread_id).state == "parked"


def test_threads_of_others_are_not_found(actor):
    thread_id, stranger = begin(actor)["thread_id"], make_actor()

    asked = [
        ask(stranger, method, f"{path}")
        for method, path in (
            ("GET", f"threads/{thread_id}"),
            ("GET", f"threads/{thread_id}/messages"),
            ("POST", f"threads/{thread_id}/archive"),
            ("POST", f"chat/{thread_id}/stop"),
        )
    ]

    assert {answer.status_code for answer in asked} == {404}
