"""Starting a skill and dispatching a tool call over HTTP: new, there already, or refused."""

import pytest

from executions.models import SkillExecution
from spaces.models import Role
from tests.executions.api.speaking import Api, problems
from tests.factories import make_actor, make_skill, make_tenant

pytestmark = pytest.mark.django_db

START = {"inputs": {"text": "hi"}}
DISPATCH = {"arguments": {"text": "hi"}, "tool_call_id": "call_1"}


def test_a_start_is_a_201_with_the_execution():
    api = Api(make_actor())
    make_skill()

    response = api.post("skills/echo/executions", {**START, "file_source_ids": ["a.csv"], "model": "demo"})

    shown = response.json()["data"]
    assert response.status_code == 201
    assert (shown["state"], shown["source"], shown["skill_slug"]) == ("queued", "standalone", "echo")
    assert shown["principal_id"] == str(api.actor.principal.id)
    assert shown["tenant_id"] == str(api.actor.tenant.id)
    row = SkillExecution.objects.get(pk=shown["id"])
    assert (row.file_source_ids, row.model) == (["a.csv"], "demo")


def test_without_an_idempotency_key_every_start_is_new():
    api = Api(make_actor())
    make_skill()

    first, second = (api.post("skills/echo/executions", START).json()["data"]["id"] for _ in range(2))

    assert first != second


def test_an_idempotency_key_starts_once():
    api = Api(make_actor())
    make_skill()
    first = api.post("skills/echo/executions", START, Idempotency_Key="k")

    again = api.post("skills/echo/executions", START, Idempotency_Key="k")
    other = api.post("skills/echo/executions", {"inputs": {"text": "other"}}, Idempotency_Key="k")

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    assert first.json()["data"]["idempotency_key"] == "k"
    assert list(other.json()) == ["detail"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_an_idempotency_key_that_cannot_be_kept_is_named(key):
    api = Api(make_actor())
    make_skill()

    response = api.post("skills/echo/executions", START, Idempotency_Key=key)

    assert problems(response) == [(["header", "Idempotency-Key"], "string_type")]


def test_a_dispatch_is_a_201_and_again_a_200():
    api = Api(make_actor())
    make_skill()

    first = api.post("tools/echo/execute", {**DISPATCH, "thread_id": "t", "message_id": "m"})
    again = api.post(
        "tools/echo/execute", {**DISPATCH, "thread_id": "t", "message_id": "m", "uploaded_files": ["a"]}
    )

    assert (first.status_code, again.status_code) == (201, 200)
    shown = again.json()["data"]
    assert shown["id"] == first.json()["data"]["id"]
    assert (shown["source"], shown["inputs"]) == ("chat", {"text": "hi"})
    ids = (shown["chat_thread_id"], shown["chat_message_id"], shown["chat_tool_call_id"])
    assert ids == ("t", "m", "call_1")


def test_another_tool_or_other_arguments_are_a_409():
    api = Api(make_actor())
    make_skill()
    make_skill(slug="other")
    api.post("tools/echo/execute", DISPATCH)

    arguments = api.post("tools/echo/execute", {**DISPATCH, "arguments": {"text": "other"}})
    tool = api.post("tools/other/execute", DISPATCH)

    assert (arguments.status_code, tool.status_code) == (409, 409)


def test_another_thread_is_another_execution():
    api = Api(make_actor())
    make_skill()

    first = api.post("tools/echo/execute", {**DISPATCH, "thread_id": "t1"})
    second = api.post("tools/echo/execute", {**DISPATCH, "thread_id": "t2"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["data"]["id"] != second.json()["data"]["id"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [(["body", "arguments"], "missing")]),
        ({"arguments": None}, [(["body", "arguments"], "dict_type")]),
        ({"arguments": []}, [(["body", "arguments"], "dict_type")]),
        ({"arguments": {}}, [(["body", "arguments", "text"], "required")]),
        ({"arguments": {"text": 7}}, [(["body", "arguments", "text"], "type")]),
        ({**DISPATCH, "tool_call_id": 7}, [(["body", "tool_call_id"], "string_type")]),
        *(
            ({**DISPATCH, name: "x" * 4097}, [(["body", name], "string_too_long")])
            for name in ("thread_id", "message_id", "tool_call_id")
        ),
        ({**DISPATCH, "tool_call_id": ""}, [(["body", "tool_call_id"], "string_too_short")]),
        ({**DISPATCH, "tool_call_id": "a\x00"}, [(["body", "tool_call_id"], "string_type")]),
        ({**DISPATCH, "thread_id": "\ud800"}, [(["body", "thread_id"], "string_unicode")]),
        ({**DISPATCH, "uploaded_files": "a"}, [(["body", "uploaded_files"], "list_type")]),
        ({**DISPATCH, "uploaded_files": [1]}, [(["body", "uploaded_files", 0], "string_type")]),
        ({**DISPATCH, "uploaded_files": ["a"] * 101}, [(["body", "uploaded_files"], "too_long")]),
        ({**DISPATCH, "model": "gpt-unknown"}, [(["body", "model"], "model_not_allowed")]),
        ({**DISPATCH, "model": "\ud800"}, [(["body", "model"], "model_not_allowed")]),
        ([], [(["body"], "model_type")]),
        ("text", [(["body"], "model_type")]),
    ],
)
def test_what_is_wrong_with_a_dispatch_is_named(body, expected):
    api = Api(make_actor())
    make_skill()

    response = api.post("tools/echo/execute", body)

    assert problems(response) == expected
    assert SkillExecution.objects.count() == 0


def test_every_wrong_field_is_named_at_once():
    api = Api(make_actor())
    make_skill()

    response = api.post("skills/echo/executions", {"inputs": 1, "model": 2, "file_source_ids": 3})

    assert [loc for loc, _ in problems(response)] == [
        ["body", "inputs"],
        ["body", "file_source_ids"],
        ["body", "model"],
    ]


@pytest.mark.parametrize(
    "path",
    ["skills/nope/executions", "tools/nope/execute", "tools/a\x00b/execute", "skills/executions/executions"],
)
def test_an_unknown_skill_is_a_404_or_405(path):
    response = Api(make_actor()).post(path, {**START, **DISPATCH})

    assert response.status_code in {404, 405}


def test_another_tenants_skill_cannot_be_started():
    make_skill(slug="private", tenant=make_tenant())

    response = Api(make_actor()).post("skills/private/executions", START)

    assert response.status_code == 404


def test_viewers_may_not_start():
    make_skill()

    response = Api(make_actor(role=Role.VIEWER)).post("skills/echo/executions", START)

    assert (response.status_code, list(response.json())) == (403, ["detail"])


def test_a_key_that_may_only_manage_executions_may_start_them():
    make_skill()

    response = Api(make_actor(permissions=("executions:manage",))).post("tools/echo/execute", DISPATCH)

    assert response.status_code == 201
