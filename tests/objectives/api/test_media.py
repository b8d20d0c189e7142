"""Images and sounds in results: links that live for a while, need no key and cannot be altered."""

import time
from datetime import datetime

import pytest
from django.test import Client

from objectives.ids import Prefix, spell
from objectives.models import AdapterKind, ApprovalStatus, ExecutionStatus
from tests.factories import make_actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n"
CONTENT = [
    {"text": {"text": "hello"}},
    {"type": "image", "image": {"data": "iVBORw0KGgo=", "mimeType": "image/png"}},
    {"type": "audio", "audio": {"data": "UklGRg==", "mimeType": "audio/wav"}},
]


@pytest.fixture
def read():
    """Reads the blocks of a call that was given text, an image and a sound."""
    actor = make_actor()
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    objective = begin_objective(actor, make_published_agent(actor, make_tool(tool_set=tool_set, name="ask")))
    park(objective)
    waits = {"approval": ApprovalStatus.AUTO_APPROVED, "execution": ExecutionStatus.WAITING_FOR_CONTENT}
    call = ask_for(objective, "ask", **waits)
    path = (
        f"/v1/workspaces/{spell(Prefix.WORKSPACE, call.space_id)}"
        f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}/tool_calls/{spell(Prefix.TOOL_CALL, call.id)}"
    )
    supplied = Client().post(
        f"{path}:setContent", {"content": CONTENT}, content_type="application/json", headers=actor.headers
    )
    assert supplied.status_code == 200, supplied.content

    def read():
        return Client().get(path, headers=actor.headers).json()["result"]["content"]

    return read


def fetch(path):
    """Status, type and bytes of a link, asked without a key."""
    answer = Client().get(path)
    content = answer.getvalue()
    return answer.status_code, answer.headers["Content-Type"], content


def path_of(block):
    kind = block["type"]
    return "/" + block[kind]["url"].split("/", 3)[3]


def test_blocks_come_back_with_what_they_are(read):
    text, image, audio = read()

    assert text == {"type": "text", "text": {"text": "hello", "sizeBytes": "5"}}
    assert image["image"]["mimeType"] == "image/png"
    assert image["image"]["sizeBytes"] == "8"
    assert image["image"]["expiresAt"].endswith("Z")
    assert audio["audio"]["mimeType"] == "audio/wav"


def test_a_link_is_read_without_a_key(read):
    assert fetch(path_of(read()[1])) == (200, "image/png", PNG)


def test_an_altered_link_is_refused(read):
    image, audio = map(path_of, read()[1:])
    token = image.partition("?token=")[2]
    others = [image[:-1] + ("A" if image[-1] != "A" else "B"), image.partition("?")[0], f"{audio}{token}"]
    swapped = f"{audio.partition('?')[0]}?token={token}"

    answers = [Client().get(path) for path in (*others, swapped)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, 7)] * 4


def test_a_link_is_over_after_a_quarter_of_an_hour(read, monkeypatch):
    link = path_of(read()[1])
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 15 * 60 + 1)

    assert fetch(link)[0] == 403
    assert fetch(path_of(read()[1]))[0] == 200


def test_a_link_lives_until_it_says(read, monkeypatch):
    image = read()[1]
    last = datetime.fromisoformat(image["image"]["expiresAt"]).timestamp()
    monkeypatch.setattr(time, "time", lambda: last - 0.01)

    assert fetch(path_of(image))[0] == 200
