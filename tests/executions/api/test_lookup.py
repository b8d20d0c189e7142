"""The lookup finds the execution of a tool call from its dispatch on, whatever the id looks like."""

from datetime import timedelta
from random import Random

import pytest

from executions.actions.retry import retry_execution
from executions.api.selectors import BY_TOOL_CALL, BY_TOOL_CALL_IN_THREAD
from spaces.models import ApiKey
from tests.executions.api.crowd import make_crowd, plan_of
from tests.executions.api.speaking import Api, fail, make_execution, problems
from tests.factories import NOW, make_actor, make_skill, make_space, unknown_id

pytestmark = pytest.mark.django_db

# No index has room for as much text as this, which nothing can compress.
LONG_ID = "".join(Random(7).choices([chr(code) for code in range(0x4E00, 0x9FA5)], k=4096))
ODD_IDS = [
    "call_Zx81",
    "toolu_01A09q90qw90lq917835lq9",
    "a|b",
    "functions.x:0",
    "with/slash//and/",
    "50% of 100%25",
    "a?b#c&d=e;f",
    "spaces and\nlines\ttabs",
    "ünïcödé 漢字 🦜",
    "../../etc/passwd",
    "x" * 4096,
    "🦜" * 4096,
    LONG_ID,
    " leading and trailing ",
    "'; DROP TABLE spaces_space; --",
    '{"json": [1]}',
    "\\back\\slash",
    "+plus+",
]


@pytest.mark.parametrize("call_id", ODD_IDS)
def test_any_id_that_was_dispatched_is_found_exactly(call_id):
    api = Api(make_actor())
    make_skill()
    dispatched = api.post("tools/echo/execute", {"arguments": {"text": "hi"}, "tool_call_id": call_id})

    found = api.lookup(call_id)

    assert found.status_code == 200
    assert found.json()["data"]["id"] == dispatched.json()["data"]["id"]
    assert found.json()["data"]["chat_tool_call_id"] == call_id


def test_ids_are_compared_case_sensitively():
    api = Api(make_actor())
    make_skill()
    make_execution(api.actor, tool_call_id="Call_A")

    assert api.lookup("call_a").status_code == 404


def test_a_call_without_an_execution_is_a_404_that_says_not_yet():
    api = Api(make_actor())

    response = api.lookup("call_1")

    assert response.status_code == 404
    assert response.json() == {"detail": "Not found."}
    assert response.headers["X-Callboard-Not-Yet"] == f"key {ApiKey.objects.get().pk}"


@pytest.mark.parametrize("call_id", ["x" * 4097, "a\x00b"])
def test_an_id_that_no_call_can_have_is_a_404_for_good(call_id):
    response = Api(make_actor()).lookup(call_id)

    assert response.status_code == 404
    assert "X-Callboard-Not-Yet" not in response.headers


def test_nothing_after_the_literal_is_a_404():
    api = Api(make_actor())

    response = api.get("skills/executions/by-chat-tool-call/")

    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("space", ["foreign", "unknown", "upper case"])
def test_a_space_of_others_is_a_404_without_not_yet(space):
    api, make_known = Api(make_actor()), {"foreign": make_space, "unknown": lambda: None}
    make_skill()
    make_execution(api.actor)
    known = make_known.get(space, lambda: None)()
    space_id = known.id if known else unknown_id()
    if space == "upper case":
        space_id = str(api.actor.space.id).upper()

    response = api.get(f"/v1/spaces/{space_id}/skills/executions/by-chat-tool-call/call_1")

    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
    assert "X-Callboard-Not-Yet" not in response.headers


def test_a_malformed_space_id_is_named():
    response = Api(make_actor()).get("/v1/spaces/nonsense/skills/executions/by-chat-tool-call/call_1")

    assert response.status_code == 422
    assert response.json()["detail"] == [
        {
            "loc": ["path", "space_id"],
            "msg": "Input should be a valid UUID",
            "type": "uuid_parsing",
            "input": "nonsense",
        }
    ]


def test_the_second_prefix_leads_to_the_same():
    api = Api(make_actor())
    make_skill()
    execution = make_execution(api.actor)

    path = f"/api-proxy/v1/spaces/{api.actor.space.id}/skills/executions/by-chat-tool-call/call_1"
    found = api.get(path)

    assert found.json()["data"]["id"] == str(execution.id)


def test_a_thread_narrows_it():
    api = Api(make_actor())
    make_skill()
    first = make_execution(api.actor, thread_id="t1")
    second = make_execution(api.actor, thread_id="t2", now=NOW + timedelta(seconds=1))

    newest, of_first = api.lookup("call_1"), api.lookup("call_1", "?thread_id=t1")

    assert newest.json()["data"]["id"] == str(second.id)
    assert of_first.json()["data"]["id"] == str(first.id)
    assert api.lookup("call_1", "?thread_id=t3").status_code == 404


def test_a_retry_takes_the_place_of_what_it_retries():
    api = Api(make_actor())
    make_skill()
    old = fail(make_execution(api.actor))

    new, _ = retry_execution(access=api.actor.access, execution_id=old.id, now=NOW)

    assert api.lookup("call_1").json()["data"]["id"] == str(new.id)


def test_other_principals_of_the_space_find_it_too():
    actor = make_actor()
    make_skill()
    execution = make_execution(actor)

    found = Api(make_actor(space=actor.space, name="member")).lookup("call_1")

    assert found.json()["data"]["id"] == str(execution.id)


def test_an_unknown_usage_is_named():
    api = Api(make_actor())
    make_skill()
    make_execution(api.actor)

    assert problems(api.lookup("call_1", "?usage=some")) == [(["query", "usage"], "enum")]


@pytest.mark.parametrize(
    ("statement", "thread"),
    [(BY_TOOL_CALL, {}), (BY_TOOL_CALL_IN_THREAD, {"thread_id": "thread_7"})],
)
def test_the_row_is_read_by_its_own_index_without_sorting(statement, thread):
    actor = make_actor()
    make_skill()
    make_crowd(make_execution(actor), 3000)

    plan = plan_of(statement, {"space_id": actor.space.id, "tool_call_id": "crowd_7", **thread})

    assert "Index Scan using execution_by_call_digest on executions_skillexecution execution" in plan
    assert "Seq Scan on executions_skillexecution" not in plan
    assert "Sort Key: execution" not in plan
