"""Objectives of a provider's model, over local HTTP: streamed, paid for, cut off and asked again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from executions.models import RunEvent, RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.usage import tree_usage
from objectives.actions.supplied_results import supply_content
from objectives.models import BrokenRequest, Objective, Step
from objectives.tool_results.outcome import Text
from tests.executions.inference.asking import KEY, models_entry
from tests.executions.inference.provider_server import Answer, ProviderServer, serving
from tests.executions.inference.wire import chat_events
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import bare_tool, calls_of, fresh, payloads, start, types, work
from tests.objectives.test_secret_nowhere import tables_with

pytestmark = pytest.mark.django_db

CALL = chat_events("Let me ask. ", calls=(("c1", "ask", '{"order": "7"}'),), finish="tool_calls")
DONE = chat_events("It is ", "blue.")
BUDGET = {"callboard/cost-budget-usd": "0.2"}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@contextmanager
def provided(settings: Settings, *answers: Answer) -> Iterator[ProviderServer]:
    """The deployment's default model, answered by a server; each answer costs 0.15 dollars."""
    with serving(*answers) as server:
        settings.MODELS, settings.DEFAULT_MODEL = {"paid": models_entry(server.url)}, "paid"
        yield server


def answer(actor: Actor, objective: Objective) -> None:
    supply_content(
        access=actor.access,
        objective_id=objective.id,
        call_id=calls_of(objective)[0].id,
        drafts=[Text("blue")],
        now=timezone.now(),
    )


def work_again(objective: Objective, bench) -> Objective:
    """Without waiting until it may be taken."""
    RunHead.objects.filter(pk=objective.pk).update(available_at=timezone.now())
    return work(objective, bench)


def test_a_provider_calls_a_tool_and_answers(actor, bench, settings):
    with provided(settings, Answer(events=CALL), Answer(events=DONE)) as server:
        objective = work(start(actor, bare_tool(actor), script=[{"answer": "Unheard."}]), bench)
        answer(actor, objective)
        objective = work(objective, bench)

    first, second = (received.body for received in server.received)
    assert [tool["function"]["name"] for tool in first["tools"]] == ["ask"]
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert second["messages"][2]["tool_calls"][0]["id"] == second["messages"][3]["tool_call_id"] == "c1"
    assert second["messages"][3]["content"] == "blue"
    assert payloads(objective, "assistantMessage")[1]["content"] == "It is blue."
    assert "demo" not in first["messages"][0]["content"].lower()


def test_what_each_request_cost_is_kept_exactly(actor, bench, settings):
    with provided(settings, Answer(events=DONE)):
        objective = work(start(actor, script=[{"answer": "Unheard."}]), bench)

    step = Step.objects.get(objective=objective)
    assert (step.cost_usd, step.price_version, step.is_estimated) == (Decimal("0.15"), "settings", False)
    assert (step.input_tokens, step.cache_read_tokens, step.reasoning_tokens) == (120, 20, 5)
    assert (objective.cost_usd, tree_usage(objective.id).cost_usd) == (Decimal("0.15"), Decimal("0.15"))
    usage = payloads(objective, "assistantMessage")[0]["usage"]
    assert usage == {
        "inputTokens": 120,
        "outputTokens": 30,
        "cacheReadInputTokens": 20,
        "cacheWriteInputTokens": 0,
        "reasoningOutputTokens": 5,
    }


def test_an_answer_that_is_cut_off_is_paid_for_and_asked_for_again(actor, bench, settings):
    cut = Answer(events=chat_events("It is ", finish=None, usage=None, done=False), ending="cut")
    with provided(settings, cut, Answer(events=DONE)):
        objective = work(start(actor, script=[{"answer": "Unheard."}]), bench)
        again = (objective.state, objective.failures)
        objective = work_again(objective, bench)

    broken = BrokenRequest.objects.get(objective=objective)
    assert again == ("running", 1)
    assert (broken.is_estimated, broken.cost_usd > 0) == (True, True)
    assert tree_usage(objective.id).cost_usd == broken.cost_usd + Decimal("0.15")
    assert RunEvent.objects.filter(run_id=objective.id, kind=EventKind.RESTARTED).count() == 1
    assert types(objective)[2:] == ["RUNNING", "notice", "notice", "assistantMessage", "WAITING"]
    assert objective.failures == 0


def test_a_request_that_a_killed_worker_made_is_paid_for_although_nothing_was_heard_of_it(
    actor, bench, settings
):
    with provided(settings, Answer(events=DONE)):
        objective = start(actor, script=[{"answer": "Unheard."}])
        # What is left of an attempt that was killed before the first word of the answer came.
        Objective.objects.filter(pk=objective.pk).update(asked_at=timezone.now())
        objective = work(objective, bench)

    broken = BrokenRequest.objects.get(objective=objective)
    assert (broken.is_estimated, broken.output_tokens, broken.input_tokens > 0) == (True, 0, True)
    assert objective.asked_at is None
    assert tree_usage(objective.id).cost_usd == broken.cost_usd + Decimal("0.15")


def test_a_provider_that_never_began_to_answer_is_not_paid(actor, bench, settings):
    with provided(settings, Answer(status=503, body={}), Answer(events=DONE)):
        objective = work(start(actor, script=[{"answer": "Unheard."}]), bench)
        objective = work_again(objective, bench)

    assert not BrokenRequest.objects.filter(objective=objective).exists()
    assert objective.state == "waiting"


def test_a_budget_ends_the_work_before_the_next_request(actor, bench, settings):
    unknown = chat_events(calls=(("c1", "none", "{}"),), finish="tool_calls")
    with provided(settings, Answer(events=unknown)) as server:
        objective = work(start(actor, script=[{"answer": "Unheard."}], labels=BUDGET), bench)

    assert (objective.state, objective.error_type) == ("failed", "budget_exceeded")
    assert len(server.received) == 2
    assert "0.2 US dollars" in payloads(objective, "error")[0]["message"]


def test_a_key_that_is_refused_fails_at_once_and_is_told_nowhere(actor, bench, settings):
    refused = Answer(status=401, body={"error": {"message": f"Incorrect API key provided: {KEY}"}})
    with provided(settings, refused):
        objective = work(start(actor, script=[{"answer": "Unheard."}]), bench)

    assert (objective.state, objective.error_type) == ("failed", "model_error")
    assert KEY not in str(list(RunEvent.objects.filter(run_id=objective.id).values_list("data", flat=True)))
    assert KEY not in fresh(objective).state_message


def test_a_key_that_the_model_repeats_is_kept_nowhere(actor, bench, settings):
    call = ("c1", "ask", json.dumps({"order": KEY}))
    repeated = chat_events(f"It is {KEY[:9]}", KEY[9:], calls=(call,), finish="tool_calls")
    with provided(settings, Answer(events=repeated)):
        objective = work(start(actor, bare_tool(actor), script=[{"answer": "Unheard."}]), bench)

    assert payloads(objective, "assistantMessage")[0]["content"] == "It is [secret api_key]"
    assert calls_of(objective)[0].arguments == {"order": "[secret api_key]"}
    assert tables_with(KEY) == []
