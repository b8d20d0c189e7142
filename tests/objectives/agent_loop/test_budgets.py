"""A turn that spends its budget: what it asked for does not begin any more."""

from decimal import Decimal

import pytest
from django.utils import timezone

from executions.runs.registry import begin_run
from objectives.actions.approvals import approve_call
from objectives.agent_loop.call_step import keep_outcome, work_on
from objectives.agent_loop.decision import Carry, Leave, decide
from objectives.models import BrokenRequest, Objective
from objectives.tool_results.outcome import Outcome, Text
from tests.executions.inference.provider_server import Answer
from tests.executions.inference.wire import chat_events
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.test_providers import provided
from tests.objectives.agent_loop.working import (
    StepByStep,
    bare_tool,
    calls_of,
    fresh,
    http_tool,
    payloads,
    start,
    types,
    work,
)

pytestmark = pytest.mark.django_db

BUDGET = {"callboard/cost-budget-usd": "0.1"}
OVER = {"type": "budget_exceeded", "message": "The budget of 0.1 US dollars is spent."}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def spend(objective: Objective) -> None:
    BrokenRequest.objects.create(
        objective=objective,
        turn=0,
        model_name="dear",
        cost_usd=Decimal("0.1"),
        price_version="settings",
        created_at=timezone.now(),
    )


def test_no_call_begins_once_the_response_has_spent_the_budget(actor, bench, settings, tools):
    called = [
        http_tool(actor, tools.url, "send", "POST"),
        bare_tool(actor, "ask"),
        bare_tool(actor, "note", config={"alwaysSetResult": "noted"}),
        bare_tool(actor, "pay", requires_approval=True),
    ]
    names = ["send", "ask", "note", "pay"]
    calls = tuple((f"c-{name}", name, '{"order": "7"}') for name in names)
    asked = chat_events(calls=calls, finish="tool_calls")
    with provided(settings, Answer(events=asked)) as server:
        objective = work(start(actor, *called, script=[{"answer": "Unheard."}], labels=BUDGET), bench)

    assert (objective.state, objective.error_type) == ("failed", "budget_exceeded")
    assert payloads(objective, "error") == [OVER]
    assert {(call.execution, call.started_at) for call in calls_of(objective)} == {("interrupted", None)}
    assert not {"toolCalled", "toolResult", "toolError"} & set(types(objective))
    assert not tools.begun
    assert len(server.received) == 1


def test_a_call_in_hand_comes_to_its_end_first(actor, bench, tools):
    tool = http_tool(actor, tools.url, "send", "POST", requires_approval=True)
    send = {"tool": "send", "arguments": {"order": "7"}}
    script = [{"tools": [send, send]}]
    objective = work(start(actor, tool, script=script, labels=BUDGET), bench)
    first, _ = calls_of(objective)
    approve_call(access=actor.access, objective_id=objective.id, call_id=first.id, now=timezone.now())
    lease = begin_run(kind="objective", run_id=objective.id, owner=bench.owner, now=timezone.now())
    attempt = StepByStep(lease)
    begun = attempt.step(decide, set())
    spend(objective)

    meanwhile = attempt.step(decide, {work_on(call) for call in begun.calls})
    attempt.step(keep_outcome, first.id, Outcome([Text("sent")]))
    at_last = attempt.step(decide, set())

    assert [call.id for call in begun.calls] == [first.id]
    assert (meanwhile, at_last) == (Carry([], begun.plan), Leave())
    assert [call.execution for call in calls_of(objective)] == ["completed", "interrupted"]
    assert (fresh(objective).state, fresh(objective).error_type) == ("failed", "budget_exceeded")


def test_a_last_word_over_the_budget_is_still_heard(actor, bench, settings):
    with provided(settings, Answer(events=chat_events("It is blue."))):
        objective = work(start(actor, script=[{"answer": "Unheard."}], labels=BUDGET), bench)

    assert (objective.state, payloads(objective, "assistantMessage")[0]["content"]) == (
        "waiting",
        "It is blue.",
    )
