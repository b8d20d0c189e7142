"""Giving a call that waits for its content what it waits for, on its page at the desk."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from executions.models import RunEvent
from objectives.admin.content_form import MOST_BYTES
from objectives.models import AdapterKind, ApprovalStatus, ExecutionStatus, Objective, ToolCall
from spaces.blobs import blob_name, storage
from spaces.models import Blob
from tests.admin.desk import PNG, client_of, make_staff, operator_client
from tests.factories import make_actor, make_operator
from tests.objectives.admin.desk import CALLS, QUEUE
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

pytestmark = pytest.mark.django_db


@pytest.fixture
def call() -> ToolCall:
    """Of a bare tool, as a worker left it for somebody outside."""
    actor = make_actor()
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    objective = begin_objective(actor, make_published_agent(actor, make_tool(tool_set=tool_set, name="ask")))
    call = ask_for(
        objective, "ask", approval=ApprovalStatus.AUTO_APPROVED, execution=ExecutionStatus.WAITING_FOR_CONTENT
    )
    park(objective)
    return call


@pytest.fixture
def desk() -> Client:
    return operator_client()


def give(call: ToolCall, client: Client, **fields: Any) -> HttpResponse:
    return client.post(f"{CALLS}{call.pk}/content/", fields)


def shown(call: ToolCall, client: Client) -> str:
    return client.get(f"{CALLS}{call.pk}/change/").content.decode()


def png(content: bytes = PNG, name: str = "chart.png", kind: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=kind)


def test_a_text_and_a_picture_become_its_result_and_the_work_goes_on(call: ToolCall, desk: Client) -> None:
    answer = give(call, desk, text="It is blue.\r\nLook:", file=png())

    call.refresh_from_db()
    media = call.media.get()
    assert answer.headers["Location"] == f"/admin/objectives/objective/{call.objective_id}/change/"
    assert call.execution == "completed"
    assert call.result == [
        {"type": "text", "text": "It is blue.\nLook:"},
        {"type": "image", "media_id": str(media.id), "mime_type": "image/png", "size_bytes": len(PNG)},
    ]
    with storage().open(blob_name(media.blob_id)) as stored:
        assert stored.read() == PNG
    assert Objective.objects.get(pk=call.objective_id).state == "running"
    log = RunEvent.objects.filter(run_id=call.objective_id).order_by("seq")
    assert [row.kind for row in log][-2:] == ["tool.returned", "objective.state_changed"]
    assert "It is blue." in shown(call, desk)


def test_a_sound_alone_is_enough_and_its_page_is_come_back_to(call: ToolCall, desk: Client) -> None:
    page = f"{CALLS}{call.pk}/change/"
    sound = png(b"OggS", "said.ogg", "audio/ogg; codecs=opus")

    answer = give(call, desk, text="  \n", file=sound, next=page)

    call.refresh_from_db()
    assert answer.headers["Location"] == page
    assert [(block["type"], block["mime_type"]) for block in call.result] == [("audio", "audio/ogg")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": " "}, "Enter a text or choose a file."),
        ({"text": "Kept.", "file": png(kind="application/pdf")}, "Only image and audio files"),
        ({"text": "Kept.", "file": png(kind="image/x y")}, "Only image and audio files"),
        ({"text": "Kept.", "file": png(b"")}, "The submitted file is empty."),
        ({"text": "Kept.", "file": png(b"x" * (MOST_BYTES + 1))}, "The file is larger than"),
        ({"text": "x" * 200_001}, "at most 200000 characters"),
        ({"text": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_given_is_said_beside_the_form(
    call: ToolCall, desk: Client, fields: dict[str, Any], reason: str
) -> None:
    answer = give(call, desk, **fields)

    call.refresh_from_db()
    page = answer.content.decode()
    assert (answer.status_code, call.execution) == (200, "waiting_for_content")
    assert reason in page
    assert ("Kept.</textarea>" in page) == (fields["text"] == "Kept.")
    assert not Blob.objects.exists()


def test_content_is_given_once(call: ToolCall, desk: Client) -> None:
    page = f"{CALLS}{call.pk}/change/"
    give(call, desk, text="One.")

    answer = desk.post(f"{CALLS}{call.pk}/content/", {"text": "Two.", "next": page}, follow=True)

    call.refresh_from_db()
    assert call.result == [{"type": "text", "text": "One."}]
    assert "This tool call is completed and cannot be given content." in answer.content.decode()
    assert "/content/" not in shown(call, desk)


def test_it_takes_a_post_with_a_csrf_token_by_somebody_who_may_decide(call: ToolCall, desk: Client) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(make_operator(email="careful@example.com"))
    watcher = client_of(make_staff(permissions=("view_toolcall", "change_objective")))
    url = f"{CALLS}{call.pk}/content/"

    assert desk.get(url).status_code == 405
    assert careful.post(url, {"text": "x"}).status_code == 403
    assert watcher.post(url, {"text": "x"}).status_code == 403
    assert Client().post(url).headers["Location"].startswith("/admin/login/")
    unknown = f"{CALLS}{call.objective_id}/content/"
    assert desk.post(unknown, {"text": "x"}).status_code == 404
    for page in (shown(call, watcher), watcher.get(QUEUE).content.decode()):
        assert "ask" in page
        assert "Give content" not in page
    call.refresh_from_db()
    assert call.execution == "waiting_for_content"


def test_staff_who_may_change_tool_calls_give_content_and_are_led_there(call: ToolCall) -> None:
    client = client_of(make_staff(permissions=("change_toolcall",)))
    place = f'href="{CALLS}{call.pk}/change/#content"'

    assert place in client.get(QUEUE).content.decode()
    assert 'name="file"' in shown(call, client)
    give(call, client, text="Done.")

    call.refresh_from_db()
    assert call.execution == "completed"
