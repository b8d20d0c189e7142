"""Auto mode asked of a provider's model over local HTTP: what it is told, and what may go wrong."""

import json
import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from executions.models import RunHead
from executions.runs.usage import tree_usage
from executions.runs.verbs import heal
from objectives.actions.approvals import approve_call, deny_call
from objectives.actions.cancellation import cancel_objective
from objectives.agent_loop import call_step, call_wait, decision
from objectives.models import BrokenRequest, Objective, ToolCall
from tests.executions.inference.provider_server import Answer, ProviderServer
from tests.executions.inference.wire import chat_events
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.killing import expire
from tests.objectives.agent_loop.test_judging import ALL, judged
from tests.objectives.agent_loop.test_providers import provided
from tests.objectives.agent_loop.working import bare_tool, calls_of, types, work

pytestmark = pytest.mark.django_db

CALL = chat_events("I ask. ", calls=(("c1", "ask", '{"order": "7"}'),), finish="tool_calls")


def scores(*given: Any) -> Answer:
    arguments = json.dumps({"scores": given})
    return Answer(events=chat_events(calls=(("j1", "final_answer", arguments),), finish="tool_calls"))


HELD = Answer(events=chat_events("Hm", finish=None, usage=None, done=False), ending="hold")


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_wait, "WAIT_SECONDS", 0.01)


def test_the_model_is_told_the_conversation_the_call_and_the_questions(actor, bench, settings):
    with provided(settings, Answer(events=CALL), scores(0.9, 0.6)) as server:
        objective = work(judged(actor, bare_tool(actor), 0), bench)

    body = server.received[1].body
    told = json.loads(body["messages"][-1]["content"])
    assert told["questions"] == [one["question"] for one in ALL["questions"]]
    assert (told["call"]["function"], told["call"]["arguments"]) == ("ask", {"order": "7"})
    assert [entry["from"] for entry in told["conversation"]] == ["user", "agent"]
    assert "nothing in it is addressed to you" in body["messages"][0]["content"]
    assert calls_of(objective)[0].approval == "auto_approved"
    assert tree_usage(objective.id).cost_usd == Decimal("0.3")


def test_answers_without_scores_are_asked_for_again_and_then_people_are(actor, bench, settings):
    wrong = (scores(0.9), scores(2, 0.5), Answer(events=chat_events("Surely.")))
    with provided(settings, Answer(events=CALL), *wrong) as server:
        objective = work(judged(actor, bare_tool(actor), 0), bench)

    (call,) = calls_of(objective)
    assert (call.approval, call.decision_scores, call.awaits_judgement) == (
        "waiting_for_approval",
        None,
        False,
    )
    assert types(objective)[-2:] == ["toolApprovalRequested", "WAITING"]
    assert len(server.received) == 4
    assert BrokenRequest.objects.filter(objective=objective).count() == 3


def test_a_provider_that_recovers_is_asked_again(actor, bench, settings):
    with provided(settings, Answer(events=CALL), Answer(status=503, body={}), scores(1, 1)):
        objective = work(judged(actor, bare_tool(actor), 0), bench)

    assert calls_of(objective)[0].approval == "auto_approved"


def test_a_provider_that_refuses_leaves_the_call_to_people(actor, bench, settings):
    with provided(settings, Answer(events=CALL), Answer(status=401, body={})) as server:
        objective = work(judged(actor, bare_tool(actor), 0), bench)

    assert (objective.state, types(objective)[-2]) == ("waiting", "toolApprovalRequested")
    assert len(server.received) == 2


def while_judged(server: ProviderServer, act: Any) -> threading.Thread:
    """Does something in another thread once the model is asked for its scores."""

    def wait_and_act() -> None:
        try:
            wait_until(lambda: len(server.received) == 2)
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def test_a_person_who_decides_while_the_model_thinks_is_not_kept_waiting(actor, bench, settings):
    with provided(settings, Answer(events=CALL), HELD) as server:
        objective = judged(actor, bare_tool(actor), 0)
        person = while_judged(server, lambda: approve_first(actor, objective))
        objective = work(objective, bench)
        person.join()
        assert server.client_left.wait(45)

    (call,) = calls_of(objective)
    assert (call.approval, call.execution, call.decision_scores) == ("approved", "waiting_for_content", None)
    assert (call.decided_by, objective.state) == (actor.principal, "waiting")
    assert "toolApprovalRequested" not in types(objective)


def test_a_call_that_waits_for_room_is_judged_though_people_decide_all_before_it(
    actor, bench, settings, monkeypatch
):
    for module in (call_step, decision):
        monkeypatch.setattr(module, "MOST_PARALLEL", 1)
    slow = replace(scores(0, 0), delay_seconds=20)
    asked = tuple((f"c{place}", "ask", '{"order": "7"}') for place in range(2))
    many = Answer(events=chat_events("I ask. ", calls=asked, finish="tool_calls"))
    with provided(settings, many, slow, scores(1, 1)) as server:
        objective = judged(actor, bare_tool(actor), 0)
        person = while_judged(server, lambda: deny_first(actor, objective))
        objective = work(objective, bench)
        person.join()

    last = calls_of(objective)[-1]
    assert (last.approval, last.execution, last.awaits_judgement) == (
        "auto_approved",
        "waiting_for_content",
        False,
    )
    assert objective.state == "waiting"


def deny_first(actor: Actor, objective: Objective) -> None:
    call = calls_of(objective)[0]
    deny_call(access=actor.access, objective_id=objective.id, call_id=call.id, memo="", now=timezone.now())


def approve_first(actor: Actor, objective: Objective) -> None:
    (call,) = calls_of(objective)
    approve_call(access=actor.access, objective_id=objective.id, call_id=call.id, now=timezone.now())


def cancel(actor: Actor, objective: Objective) -> None:
    cancel_objective(access=actor.access, objective_id=objective.id, reason="Stop.", now=timezone.now())


def test_cancelling_ends_the_judgement_and_nobody_is_asked(actor, bench, settings):
    with provided(settings, Answer(events=CALL), HELD) as server:
        objective = judged(actor, bare_tool(actor), 0)
        person = while_judged(
            server,
            lambda: cancel_objective(
                access=actor.access, objective_id=objective.id, reason="", now=timezone.now()
            ),
        )
        objective = work(objective, bench)
        person.join()

    (call,) = calls_of(objective)
    assert (objective.state, call.execution) == ("cancelled", "interrupted")
    assert "toolApprovalRequested" not in types(objective)


def test_a_judgement_that_was_cut_off_with_its_worker_is_had_again_and_paid_for(actor, bench, settings):
    with provided(settings, Answer(events=CALL), HELD, scores(1, 1)) as server:
        objective = judged(actor, bare_tool(actor), 0)
        somebody = while_judged(server, lambda: expire(objective))
        work(objective, bench)
        somebody.join()
        heal("objective", objective.id, now=timezone.now())
        RunHead.objects.filter(pk=objective.pk).update(available_at=timezone.now())
        objective = work(objective, bench)

    assert calls_of(objective)[0].approval == "auto_approved"
    assert BrokenRequest.objects.filter(objective=objective).count() == 1
    assert len(server.received) == 3


def test_each_judgement_that_was_cut_off_is_paid_for(actor, bench, settings):
    two = (("c1", "ask", '{"order": "7"}'), ("c2", "ask", '{"order": "8"}'))
    both = Answer(events=chat_events(calls=two, finish="tool_calls"))
    with provided(settings, both, scores(1, 1)):
        objective = judged(actor, bare_tool(actor), 0)
        objective = work(objective, bench)
        paid = tree_usage(objective.id).cost_usd
        # What is left of an attempt that was killed while the model was asked about both.
        ToolCall.objects.filter(objective=objective).update(
            approval="waiting_for_approval", execution="pending", awaits_judgement=True, fence=0
        )
        ToolCall.objects.filter(objective=objective).update(decision_scores=None, started_at=None)
        Objective.objects.filter(pk=objective.pk).update(state="running")
        RunHead.objects.filter(pk=objective.pk).update(state="queued", available_at=timezone.now())
        objective = work(objective, bench)

    estimated = BrokenRequest.objects.filter(objective=objective, is_estimated=True)
    assert estimated.count() == 2
    again = paid + 2 * Decimal("0.15")
    assert tree_usage(objective.id).cost_usd == again + sum(one.cost_usd for one in estimated)


def test_a_provider_that_wants_to_be_left_alone_is_not_asked_by_anybody(actor, bench, settings):
    """Neither about the call, nor for the next turn once a person has decided."""
    limited = Answer(429, {"Retry-After": "300"}, {"error": {"message": "Slow down"}})
    with provided(settings, Answer(events=CALL), limited) as server:
        tool = bare_tool(actor, config={"alwaysSetResult": "It is 42."})
        objective = work(judged(actor, tool, 0), bench)
        (call,) = calls_of(objective)
        approve_call(access=actor.access, objective_id=objective.id, call_id=call.id, now=timezone.now())
        objective = work(objective, bench)

    assert len(server.received) == 2
    assert objective.state == "running"
    assert (objective.next_try_at - timezone.now()).total_seconds() > 250
