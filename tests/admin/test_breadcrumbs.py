"""The head of a page says where it stands: names as they are, and nothing twice."""

import re

import pytest
from django.test import Client
from django.utils.html import strip_tags

from executions.models import WorkerNode
from tests.admin.desk import LIST, begin, keep_picture, make_execution, operator_client
from tests.factories import NOW, make_actor, make_skill
from tests.objectives.admin.desk import CALLS, OBJECTIVES, QUEUE, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return operator_client()


def head_of(client: Client, url: str) -> list[str]:
    page = client.get(url).content.decode()
    head = re.search(r"<h1.*?</h1>", page, re.DOTALL)
    assert head is not None
    return [" ".join(piece.split()) for piece in strip_tags(head[0]).split("chevron_right")]


def test_names_keep_their_letters(client: Client) -> None:
    make_skill()
    execution = make_execution(actor=make_actor())
    artifact = keep_picture(begin(execution))
    worker = WorkerNode.objects.create(host="vm", pid=7, concurrency=4, started_at=NOW, seen_at=NOW)

    assert head_of(client, f"/admin/executions/artifact/{artifact.pk}/change/")[-1] == "outputs/chart.png"
    assert head_of(client, f"/admin/executions/workernode/{worker.pk}/change/")[-1] == "vm:7"
    assert head_of(client, f"{LIST}{execution.pk}/change/")[-1] == f"echo {execution.pk}"


def test_an_objective_and_a_call_are_named(client: Client) -> None:
    call = waiting(make_actor())

    objective = head_of(client, f"{OBJECTIVES}{call.objective_id}/change/")
    assert objective[0] == "Objectives"
    assert re.fullmatch(r"Researcher, obj_\w+", objective[1])
    assert len(objective) == 2
    assert head_of(client, f"{CALLS}{call.pk}/change/")[:2] == ["Objectives", "Tool calls"]
    assert head_of(client, f"{CALLS}{call.pk}/change/")[2].startswith("ask, toolcall_")


def test_lists_and_the_queue_say_their_names_once(client: Client) -> None:
    assert head_of(client, OBJECTIVES) == ["Objectives"]
    assert head_of(client, CALLS) == ["Objectives", "Tool calls"]
    assert head_of(client, QUEUE) == ["Waits for people"]
    assert head_of(client, "/admin/") == ["Desk"]
