"""What follows from what the model says: answers, calls, limits and failures, one attempt at a time."""

from decimal import Decimal

import pytest
from django.utils import timezone

from executions.models import RunEvent
from executions.runs.event_kinds import EventKind
from objectives.actions.approvals import approve_call, deny_call
from objectives.actions.cancellation import cancel_objective
from objectives.actions.continuation import continue_objective
from objectives.actions.supplied_results import supply_content
from objectives.models import BrokenRequest, Objective, Step
from objectives.tool_results.outcome import Text
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import (
    bare_tool,
    calls_of,
    head_of,
    payloads,
    said,
    start,
    types,
    work,
)

pytestmark = pytest.mark.django_db

ANSWER = {"type": "object", "properties": {"found": {"type": "string"}}, "required": ["found"]}
ASK = {"tool": "ask", "arguments": {"order": "7"}}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def test_a_plain_answer_ends_the_turn_and_waits_for_a_person(actor, bench):
    objective = work(start(actor, script=[{"answer": "All is well."}]), bench)

    assert (objective.state, objective.turn, head_of(objective).state) == ("waiting", 1, "parked")
    assert objective.idle_since is not None
    assert types(objective) == ["PENDING", "userMessage", "RUNNING", "assistantMessage", "WAITING"]
    assert said(objective) == ["All is well."]


def test_a_message_goes_on_where_the_answer_ended(actor, bench):
    objective = work(start(actor, script=[{"answer": "One."}, {"answer": "You said {message}"}]), bench)

    continue_objective(
        access=actor.access, objective_id=objective.id, message="Two!", enqueue=False, now=timezone.now()
    )
    objective = work(objective, bench)

    assert said(objective) == ["One.", "You said Two!"]
    assert types(objective)[5:] == ["userMessage", "RUNNING", "assistantMessage", "WAITING"]


def test_the_answer_that_an_agent_is_for_finalizes_its_objective(actor, bench):
    objective = work(start(actor, script=[{"answer": {"found": "it"}}], output=ANSWER), bench)

    assert (objective.state, objective.output) == ("finalized", {"found": "it"})
    assert head_of(objective).state == "ended"
    assert types(objective)[-3:] == ["assistantMessage", "finalized", "FINALIZED"]
    assert payloads(objective, "finalized") == [{"output": {"found": "it"}}]


def test_an_answer_of_another_form_is_refused_and_the_model_told(actor, bench):
    script = [{"answer": {"wrong": 1}}, {"answer": {"found": "{last_result.error}"}}]
    objective = work(start(actor, script=script, output=ANSWER), bench)

    assert objective.state == "finalized"
    assert "'found' is a required property" in objective.output["found"]
    assert calls_of(objective)[0].error_type == "invalid_arguments"


def test_answers_of_another_form_are_refused_a_few_times_only(actor, bench):
    script = [{"answer": {"wrong": number}} for number in range(9)]
    objective = work(start(actor, script=script, output=ANSWER), bench)

    assert (objective.state, objective.error_type, objective.turn) == ("failed", "model_error", 5)


def test_a_text_is_streamed_into_the_log_with_its_offsets(actor, bench):
    objective = work(start(actor, script=[{"answer": "word " * 40}]), bench)

    pieces = [
        row.data for row in RunEvent.objects.filter(run_id=objective.id, kind=EventKind.TEXT).order_by("seq")
    ]
    whole = "".join(piece["text"] for piece in pieces)
    assert whole.endswith("word " * 40)
    assert all(whole[piece["offset"] :].startswith(piece["text"]) for piece in pieces)
    assert {(piece["turn"], piece["attempt"]) for piece in pieces} == {(0, 1)}
    assert len(pieces) < 10


def test_a_bare_tool_waits_for_its_content_and_the_model_reads_it(actor, bench):
    objective = start(actor, bare_tool(actor), script=[ASK, {"answer": "It is {last_result}."}])

    objective = work(objective, bench)
    call = calls_of(objective)[0]
    waiting = (objective.state, objective.idle_since, call.execution)
    supply_content(
        access=actor.access,
        objective_id=objective.id,
        call_id=call.id,
        drafts=[Text("blue")],
        now=timezone.now(),
    )
    objective = work(objective, bench)

    assert waiting == ("waiting", None, "waiting_for_content")
    assert said(objective)[-1] == "It is blue."
    assert types(objective) == [
        *["PENDING", "userMessage", "RUNNING", "assistantMessage", "toolCalled", "WAITING"],
        *["toolResult", "RUNNING", "assistantMessage", "WAITING"],
    ]


def test_what_is_denied_is_not_done_and_the_model_reads_why(actor, bench):
    tool = bare_tool(actor, requires_approval=True)
    objective = work(start(actor, tool, script=[ASK, {"answer": "{last_result.error}"}]), bench)
    call = calls_of(objective)[0]

    assert (objective.state, call.approval, call.execution) == ("waiting", "waiting_for_approval", "pending")
    deny_call(
        access=actor.access, objective_id=objective.id, call_id=call.id, memo="Too dear.", now=timezone.now()
    )
    objective = work(objective, bench)

    assert said(objective)[-1] == "The call was denied; it was not made. They said: Too dear."


def test_what_is_approved_beside_what_waits_begins_by_itself(actor, bench):
    tools = [bare_tool(actor, name, requires_approval=True) for name in ("first", "second")]
    script = [{"tools": [{"tool": tool.name, "arguments": {"order": "1"}} for tool in tools]}]
    objective = work(start(actor, *tools, script=script), bench)
    first, second = calls_of(objective)

    approve_call(access=actor.access, objective_id=objective.id, call_id=first.id, now=timezone.now())

    assert [call.execution for call in calls_of(objective)] == ["waiting_for_content", "pending"]
    assert Objective.objects.get(pk=objective.pk).state == "waiting"
    assert second.approval == "waiting_for_approval"


def test_arguments_that_do_not_match_are_told_to_the_model(actor, bench):
    script = [{"tool": "ask", "arguments": {"order": 7}}, {"answer": "{last_result.error}"}]
    objective = work(start(actor, bare_tool(actor), script=script), bench)

    assert calls_of(objective)[0].error_type == "invalid_arguments"
    assert "7 is not of type 'string'" in said(objective)[-1]
    assert types(objective)[3:5] == ["assistantMessage", "toolError"]


def test_a_function_that_was_not_offered_is_told_to_the_model(actor, bench):
    objective = work(start(actor, script=[{"tool": "rm"}, {"answer": "{last_result.error}"}]), bench)

    assert (calls_of(objective)[0].kind, calls_of(objective)[0].error_type) == ("unknown", "unknown_tool")
    assert said(objective)[-1] == "There is no tool 'rm'."


def test_pinned_parameters_are_forced_into_the_arguments(actor, bench):
    tool = bare_tool(
        actor,
        parameters={
            "type": "object",
            "properties": {"order": {"type": "string"}, "customer": {"type": "integer"}},
            "required": ["order", "customer"],
        },
    )
    script = [{"tool": "ask", "arguments": {"order": "7", "customer": 9}}]
    objective = start(actor, tool, script=script, wanted={"pinned_parameters": {"customer": "4"}})

    objective = work(objective, bench)

    assert calls_of(objective)[0].arguments == {"order": "7", "customer": 4}


def test_a_model_that_refuses_fails_the_objective(actor, bench):
    objective = work(start(actor, script=[{"fail": "No."}]), bench)

    assert (objective.state, objective.error_type) == ("failed", "model_error")
    assert types(objective)[-2:] == ["error", "FAILED"]
    assert "No." in payloads(objective, "error")[0]["message"]


def test_more_turns_than_allowed_end_it(actor, bench):
    script = [{"tool": "rm"}] * 5
    objective = work(start(actor, script=script, plan={"max_turns": 3}), bench)

    assert (objective.state, objective.error_type, objective.turn) == ("failed", "iteration_limit", 3)


def test_more_calls_than_allowed_end_it_before_they_begin(actor, bench):
    script = [{"tools": [ASK, ASK]}]
    objective = work(start(actor, bare_tool(actor), script=script, max_tool_calls=1), bench)

    assert (objective.state, objective.error_type) == ("failed", "tool_call_limit")
    assert {call.execution for call in calls_of(objective)} == {"interrupted"}


def test_a_budget_that_is_spent_ends_it(actor, bench):
    objective = start(actor, script=[{"answer": "Never."}], labels={"callboard/cost-budget-usd": "0.5"})
    BrokenRequest.objects.create(
        objective=objective,
        turn=0,
        model_name="dear",
        cost_usd=Decimal("0.5"),
        price_version="settings",
        created_at=timezone.now(),
    )

    objective = work(objective, bench)

    assert (objective.state, objective.error_type, objective.turn) == ("failed", "budget_exceeded", 0)


def test_an_approved_call_with_a_fixed_result_goes_on_before_it_has_it(actor, bench):
    tool = bare_tool(actor, requires_approval=True, config={"alwaysSetResult": "It is 42."})
    objective = work(start(actor, tool, script=[ASK, {"answer": "Yes."}]), bench)
    (call,) = calls_of(objective)
    before = len(types(objective))

    approve_call(access=actor.access, objective_id=objective.id, call_id=call.id, now=timezone.now())
    objective = work(objective, bench)

    assert types(objective)[before:] == [
        "toolApproved",
        "RUNNING",
        "toolCalled",
        "toolResult",
        "assistantMessage",
        "WAITING",
    ]


def test_what_was_sent_and_received_is_kept(actor, bench):
    objective = work(start(actor, bare_tool(actor), script=[{"answer": "Yes."}]), bench)

    step = Step.objects.get(objective=objective)
    assert step.request["tools"][0]["name"] == "ask"
    assert step.request["instructions"].startswith("Do what the script says.")
    assert step.response["parts"][0]["content"].endswith("Yes.")
    assert (step.cost_usd, step.price_version, step.is_estimated) == (0, "demo", False)
    assert (objective.input_tokens, objective.output_tokens) == (step.input_tokens, step.output_tokens)


def test_cancelling_what_waits_leaves_nothing_open(actor, bench):
    objective = work(start(actor, bare_tool(actor), script=[ASK]), bench)

    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=timezone.now())

    assert calls_of(objective)[0].execution == "interrupted"
    assert types(objective)[-2:] == ["cancelled", "CANCELLED"]
