"""Auto mode: calls that the model's scores approve, deny or leave to people."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from objectives.actions.approvals import approve_call
from objectives.actions.expiry import expired_approvals
from objectives.agent_loop.judgement_step import decision_scores
from objectives.models import ContextWindow, Objective, Tool
from objectives.representations.calls import show_call_with_result
from objectives.representations.reader import Viewer
from objectives.representations.selectors import find_call
from objectives.representations.waiting import waiting_calls
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import (
    bare_tool,
    calls_of,
    http_tool,
    payloads,
    said,
    start,
    types,
    work,
)

pytestmark = pytest.mark.django_db

ASKED = {"question": "Did the customer ask for it?", "threshold": 0.8}
SMALL = {"question": "Is it about less than 100 euros?", "threshold": 0.5}
ALL = {"questions": [ASKED, SMALL], "passingMode": "PASSING_MODE_ALL"}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def judged(
    actor: Actor, tool: Tool, confidence: Any, auto_mode: dict[str, Any] = ALL, **offered: Any
) -> Objective:
    """An objective whose model calls the tool, and is so sure of it when it is asked by this auto mode."""
    call = {"tool": tool.function_name, "arguments": {"order": "7"}, "confidence": confidence}
    objective = start(actor, tool, script=[call, {"answer": "It gave {last_result}"}])
    (plain,) = objective.plan["offered"]
    under_auto_mode = {**plain, "auto_mode": auto_mode, "requires_approval": True, **offered}
    objective.plan = {**objective.plan, "offered": [under_auto_mode]}
    objective.save(update_fields=["plan"])
    return objective


def shown(objective: Objective) -> dict[str, Any]:
    """Its one call as the API shows it."""
    (call,) = calls_of(objective)
    reader = Viewer(tenant_id=objective.space.tenant_id)
    found = find_call(objective.space_id, objective.id, call.id)
    assert found is not None
    return show_call_with_result(found, reader=reader, now=timezone.now()).wire()


def test_a_call_of_which_the_model_is_sure_enough_runs_without_people(actor, bench, tools):
    objective = work(judged(actor, http_tool(actor, tools.url), [0.8, 0.9]), bench)

    (call,) = calls_of(objective)
    assert (call.approval, call.execution, call.decided_by, call.awaits_judgement) == (
        "auto_approved",
        "completed",
        None,
        False,
    )
    assert call.decided_at is not None
    assert "toolApprovalRequested" not in types(objective)
    assert tools.done.total() == 1
    data = shown(objective)["data"]
    assert data["decisionScores"] == {
        "autoMode": ALL,
        "scores": [{"score": 0.8, "passed": True}, {"score": 0.9, "passed": True}],
        "approved": True,
    }
    assert "statusChangedBy" not in data


def test_a_call_of_which_it_is_not_sure_waits_for_people(actor, bench, tools):
    objective = work(judged(actor, http_tool(actor, tools.url), [0.79, 1]), bench)

    (call,) = calls_of(objective)
    assert (objective.state, call.approval, tools.done.total()) == ("waiting", "waiting_for_approval", 0)
    assert list(waiting_calls(actor.space.id)) == [call]
    assert types(objective)[-2:] == ["toolApprovalRequested", "WAITING"]
    assert shown(objective)["data"]["decisionScores"]["approved"] is False

    approve_call(access=actor.access, objective_id=objective.id, call_id=call.id, now=timezone.now())
    work(objective, bench)
    assert tools.done.total() == 1
    data = shown(objective)["data"]
    assert (data["statusChangedBy"]["metadata"]["name"], data["decisionScores"]["approved"]) == (
        actor.principal.display_name,
        False,
    )


def test_with_a_failure_message_it_is_denied_and_the_model_told(actor, bench, tools):
    auto_mode = {**ALL, "failureMessage": "Ask the customer first."}
    objective = work(judged(actor, http_tool(actor, tools.url), 0.1, auto_mode), bench)

    (call,) = calls_of(objective)
    assert (call.approval, call.execution, call.memo) == ("denied", "pending", "Ask the customer first.")
    assert tools.done.total() == 0
    assert payloads(objective, "toolDenied")[0]["memo"] == "Ask the customer first."
    assert "Ask the customer first." in said(objective)[-1]


def test_a_bare_tool_waits_for_its_content_once_it_is_approved(actor, bench):
    objective = work(judged(actor, bare_tool(actor), 1), bench)

    (call,) = calls_of(objective)
    assert (call.approval, call.execution) == ("auto_approved", "waiting_for_content")
    assert (objective.state, types(objective)[-2:]) == ("waiting", ["toolCalled", "WAITING"])


@pytest.mark.parametrize(
    ("mode", "scores", "approved"),
    [
        ("ALL", [0.8, 0.5], True),
        ("ALL", [0.8, 0.4], False),
        ("NONE", [0.7, 0.4], True),
        ("NONE", [0.7, 0.5], False),
        ("MOST", [0.8, 0.4], False),
        ("MOST", [0.8, 0.5], True),
    ],
)
def test_the_passing_mode_says_how_many_questions_must_be_passed(mode, scores, approved):
    auto_mode = {**ALL, "passingMode": f"PASSING_MODE_{mode}"}

    assert decision_scores(auto_mode, scores)["approved"] is approved


def test_the_request_for_a_judgement_is_paid_for(actor, bench, tools):
    sure = work(judged(actor, http_tool(actor, tools.url), 1), bench)
    plain = work(start(actor, http_tool(actor, tools.url, "other"), script=[{"answer": "Hi."}]), bench)

    window = ContextWindow.objects.get(objective=sure)
    steps = sum(step.input_tokens for step in sure.steps.all())
    assert sure.input_tokens == window.prompt_tokens > steps
    assert plain.input_tokens == sum(step.input_tokens for step in plain.steps.all())


def test_the_clock_of_an_expiry_begins_when_people_are_asked(actor, bench, tools):
    tool = http_tool(actor, tools.url)
    objective = judged(actor, tool, 0, approval_expires_seconds=-1.0)
    before = timezone.now()
    work(objective, bench)

    (call,) = calls_of(objective)
    assert expired_approvals(timezone.now()) == [call.id]
    assert call.approval_expires_at is not None
    assert call.approval_expires_at > before - timedelta(seconds=1)
