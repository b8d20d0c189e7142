"""`Idempotency-Key` on a dispatched tool call: the same body once, another body refused."""

import threading

import pytest
from django.db import connection

from executions.actions.dispatch import dispatch_tool_call
from executions.models import SkillExecution
from tests.executions.api.speaking import Api, problems
from tests.factories import NOW, make_actor, make_skill

pytestmark = pytest.mark.django_db
EXECUTE = "tools/echo/execute"
BODY = {"arguments": {"text": "hi"}}
CALL = {**BODY, "thread_id": "t", "message_id": "m", "tool_call_id": "call_1"}


@pytest.fixture
def api() -> Api:
    make_skill()
    return Api(make_actor())


@pytest.mark.parametrize("body", [BODY, CALL], ids=["without a tool call id", "with one"])
def test_the_same_key_and_body_are_the_same_execution(api: Api, body):
    first, again = (api.post(EXECUTE, body, Idempotency_Key="k") for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    assert first.json()["data"]["idempotency_key"] == "k"
    assert SkillExecution.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": {"text": "other"}},
        {"thread_id": "other"},
        {"message_id": "other"},
        {"tool_call_id": "other"},
        {"uploaded_files": ["a.csv"]},
        {"model": "demo"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_key_with_another_body_is_a_conflict(api: Api, change):
    api.post(EXECUTE, CALL, Idempotency_Key="k")

    other = api.post(EXECUTE, {**CALL, **change}, Idempotency_Key="k")

    assert other.status_code == 409
    assert "Idempotency-Key" in other.json()["detail"]
    assert SkillExecution.objects.count() == 1


def test_another_key_does_not_dispatch_a_tool_call_twice(api: Api):
    first = api.post(EXECUTE, CALL, Idempotency_Key="k")

    again = api.post(EXECUTE, {**CALL, "model": "demo"}, Idempotency_Key="other")
    contradiction = api.post(EXECUTE, {**CALL, "arguments": {"text": "other"}}, Idempotency_Key="other")

    assert (again.status_code, again.json()["data"]["id"]) == (200, first.json()["data"]["id"])
    assert contradiction.status_code == 409


def test_another_key_without_a_tool_call_id_is_another_execution(api: Api):
    first, second = (api.post(EXECUTE, BODY, Idempotency_Key=key) for key in "ab")

    assert (first.status_code, second.status_code) == (201, 201)


def test_a_key_counts_for_one_principal(api: Api):
    other = Api(make_actor(space=api.actor.space))

    answers = [one.post(EXECUTE, BODY, Idempotency_Key="k") for one in (api, other)]

    assert [answer.status_code for answer in answers] == [201, 201]


@pytest.mark.parametrize("started_first", [True, False])
def test_a_key_of_a_start_is_not_one_of_a_dispatch(api: Api, started_first):
    requests = [("skills/echo/executions", {"inputs": {"text": "hi"}}), (EXECUTE, BODY)]
    ordered = requests if started_first else requests[::-1]

    answers = [api.post(path, body, Idempotency_Key="k") for path, body in ordered]

    assert [answer.status_code for answer in answers] == [201, 409]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_cannot_be_kept_is_named(api: Api, key):
    response = api.post(EXECUTE, BODY, Idempotency_Key=key)

    assert problems(response) == [(["header", "Idempotency-Key"], "string_type")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("call_id", [None, "call_1"])
def test_many_at_once_make_one(call_id):
    make_skill()
    actor = make_actor()
    ids: list[str] = []
    ready = threading.Barrier(8)

    def dispatch() -> None:
        ready.wait(60)
        execution, _ = dispatch_tool_call(
            access=actor.access,
            tool_name="echo",
            arguments={"text": "hi"},
            tool_call_id=call_id,
            idempotency_key="k",
            now=NOW,
        )
        ids.append(str(execution.id))
        connection.close()

    threads = [threading.Thread(target=dispatch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert (len(ids), len(set(ids)), SkillExecution.objects.count()) == (8, 1, 1)
