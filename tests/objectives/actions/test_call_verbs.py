"""Every verb on a tool call in every state that there is: what moves, and that nothing else does."""

import itertools

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executions.models import RunEvent, RunHead
from objectives.ids import Prefix, spell
from objectives.models import (
    AdapterKind,
    ApprovalStatus,
    ExecutionStatus,
    Objective,
    ObjectiveState,
    ToolCall,
)
from tests.factories import make_actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

pytestmark = pytest.mark.django_db

AUTO, WAITS, YES, NO = (
    ApprovalStatus.AUTO_APPROVED,
    ApprovalStatus.WAITING_FOR_APPROVAL,
    ApprovalStatus.APPROVED,
    ApprovalStatus.DENIED,
)
STATES = [
    *itertools.product((AUTO, YES), ExecutionStatus),
    (WAITS, ExecutionStatus.PENDING),
    (WAITS, ExecutionStatus.INTERRUPTED),
    (NO, ExecutionStatus.PENDING),
]
VERBS = {
    ":approve": None,
    ":deny": {"memo": "No."},
    ":setContent": {"content": [{"type": "text", "text": {"text": "42"}}]},
}
LEGAL = {
    ((WAITS, ExecutionStatus.PENDING), ":approve"): (YES, ExecutionStatus.WAITING_FOR_CONTENT),
    ((WAITS, ExecutionStatus.PENDING), ":deny"): (NO, ExecutionStatus.PENDING),
    ((AUTO, ExecutionStatus.WAITING_FOR_CONTENT), ":setContent"): (AUTO, ExecutionStatus.COMPLETED),
    ((YES, ExecutionStatus.WAITING_FOR_CONTENT), ":setContent"): (YES, ExecutionStatus.COMPLETED),
}
PAIRS = list(itertools.product(STATES, VERBS))


@pytest.fixture
def actor():
    return make_actor()


@pytest.fixture
def objective(actor):
    """Waits for people; may call a bare tool and one over HTTP."""
    sets = [
        make_tool_set(space=actor.space, created_by=actor.principal, name=kind, adapter=kind)
        for kind in (AdapterKind.BARE, AdapterKind.HTTP)
    ]
    tools = [
        make_tool(tool_set=tool_set, name=name, requires_approval=True)
        for tool_set, name in zip(sets, ("ask", "fetch"), strict=True)
    ]
    objective = begin_objective(actor, make_published_agent(actor, *tools))
    park(objective)
    return objective


def say(actor, call, verb, body=None):
    path = (
        f"/v1/workspaces/{spell(Prefix.WORKSPACE, call.space_id)}"
        f"/objectives/{spell(Prefix.OBJECTIVE, call.objective_id)}"
        f"/tool_calls/{spell(Prefix.TOOL_CALL, call.id)}"
    )
    if verb == "":
        return Client().get(path, headers=actor.headers)
    if body is None:  # as clients send verbs without a body: with no content type either
        return Client().generic("POST", f"{path}{verb}", content_type="", headers=actor.headers)
    return Client().post(f"{path}{verb}", body, content_type="application/json", headers=actor.headers)


def state(call):
    call = ToolCall.objects.get(pk=call.pk)
    return ApprovalStatus(call.approval), ExecutionStatus(call.execution)


def log_length(call):
    return RunEvent.objects.filter(run_id=call.objective_id).count()


@pytest.mark.parametrize(("before", "verb"), PAIRS, ids=str)
def test_only_what_is_legal_moves(actor, objective, before, verb):
    call = ask_for(objective, "ask", approval=before[0], execution=before[1])
    events = log_length(call)

    answer = say(actor, call, verb, VERBS[verb])

    wanted = LEGAL.get((before, verb))
    if wanted is None:
        assert (answer.status_code, answer.json()["code"]) == (400, 9), answer.content
        assert state(call) == before
        assert log_length(call) == events
    else:
        assert answer.status_code == 200, answer.content
        assert state(call) == wanted
        assert log_length(call) > events


def test_every_legal_pair_is_in_the_table():
    assert set(LEGAL) <= set(PAIRS)


def test_a_decision_and_what_follows_from_it_are_written_at_once(actor, objective):
    call = ask_for(objective, "fetch", approval=WAITS)

    with CaptureQueriesContext(connection) as asked:
        assert say(actor, call, ":approve").status_code == 200

    kinds = RunEvent.objects.filter(run_id=objective.id).order_by("-seq").values_list("kind", flat=True)[:2]
    assert list(kinds) == ["objective.state_changed", "tool.approved"]
    for table in ("executions_runevent", "executions_feedentry"):
        assert sum(f"INSERT INTO {table}" in sql["sql"].replace('"', "") for sql in asked) == 1


def test_an_approved_call_of_a_tool_that_runs_puts_the_objective_to_work(actor, objective):
    call = ask_for(objective, "fetch", approval=WAITS)

    answer = say(actor, call, ":approve").json()

    assert answer["status"] == "TOOL_CALL_STATUS_APPROVED"
    assert answer["data"]["statusChangedBy"]["metadata"]["id"] == spell(Prefix.PROFILE, actor.principal.id)
    assert Objective.objects.get().state == ObjectiveState.RUNNING
    assert RunHead.objects.get(pk=objective.pk).state == "queued"


def test_one_decision_of_two_that_are_needed_leaves_the_objective_waiting(actor, objective):
    first, second = (ask_for(objective, "fetch", approval=WAITS) for _ in range(2))

    say(actor, first, ":deny", {"memo": "Not this one."})

    assert Objective.objects.get().state == ObjectiveState.WAITING
    assert state(second) == (WAITS, ExecutionStatus.PENDING)
    say(actor, second, ":deny")
    assert Objective.objects.get().state == ObjectiveState.RUNNING
    kinds = RunEvent.objects.filter(run_id=objective.pk).order_by("seq").values_list("kind", flat=True)
    assert list(kinds)[-3:] == ["tool.denied", "tool.denied", "objective.state_changed"]


def test_a_denial_is_told_with_its_memo_and_by_whom(actor, objective):
    call = ask_for(objective, "fetch", approval=WAITS)

    say(actor, call, ":deny", {"memo": "Too expensive."})

    shown = say(actor, call, "").json()
    assert shown["data"]["memo"] == "Too expensive."
    assert shown["data"]["statusChangedBy"]["spec"]["name"] == actor.principal.display_name
    assert "result" not in shown
    event = RunEvent.objects.get(run_id=objective.pk, kind="tool.denied")
    assert event.data["memo"] == "Too expensive."


BAD_CONTENT = {
    "nothing": {"content": []},
    "no content": {},
    "two kinds": {"content": [{"text": {"text": "a"}, "image": {"data": "AA==", "mimeType": "image/png"}}]},
    "bad base64": {"content": [{"type": "image", "image": {"data": "%%%", "mimeType": "image/png"}}]},
    "no type": {"content": [{"type": "image", "image": {"data": "AA=="}}]},
    "another kind": {"content": [{"type": "audio", "audio": {"data": "AA==", "mimeType": "image/png"}}]},
    "no type at all": {"content": [{"image": {"data": "AA==", "mimeType": "image/png\r\nX-Odd: y"}}]},
    "another key": {"content": [{"type": "image", "text": {"text": "a"}}]},
}


@pytest.mark.parametrize("body", BAD_CONTENT.values(), ids=BAD_CONTENT)
def test_bad_content_is_refused_by_name(actor, objective, body):
    call = ask_for(objective, "ask", approval=AUTO, execution=ExecutionStatus.WAITING_FOR_CONTENT)

    answer = say(actor, call, ":setContent", body)

    assert (answer.status_code, answer.json()["code"]) == (400, 3), answer.content
    assert "content" in answer.json()["message"]
    assert state(call) == (AUTO, ExecutionStatus.WAITING_FOR_CONTENT)


@pytest.mark.parametrize("data", ["+/8A", "-_8A", "+/8AAQ==", "-_8AAQ"])
def test_base64_may_be_of_either_alphabet_and_unpadded(actor, objective, data):
    call = ask_for(objective, "ask", approval=AUTO, execution=ExecutionStatus.WAITING_FOR_CONTENT)
    image = {"type": "image", "image": {"data": data, "mimeType": "image/png"}}

    assert say(actor, call, ":setContent", {"content": [image]}).status_code == 200

    block = ToolCall.objects.get(pk=call.pk).result[0]
    assert block["size_bytes"] == (3 if len(data) == 4 else 4)
