"""Objectives whose provider answers oddly: strict about the history, and never the end of the work."""

import json

import pytest
from django.utils import timezone

from executions.inference.response_repair import SEND_AGAIN
from executions.inference.truncation import CLEARED
from executions.models import RunEvent, RunHead
from executions.runs.event_kinds import EventKind
from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.actions.continuation import continue_objective
from objectives.actions.supplied_results import supply_content
from objectives.models import BrokenRequest, ContextWindow, Objective, Step
from objectives.planning.plan import Plan
from objectives.tool_results.outcome import Text
from tests.executions.inference.asking import models_entry
from tests.executions.inference.odd_wire import call, calls, stream, text
from tests.executions.inference.provider_server import Answer, ProviderServer, serving
from tests.executions.inference.wire import chat_events
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import (
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

SCRIPT = [{"answer": "Unheard."}]
SEVEN = '{"order": "7"}'
ASK = stream(calls(call(index=0, id="a", name="ask", arguments=SEVEN)))
LONG_ID = "call_" + "x" * 944
CUT = stream(text("The result is: do not "), finish="length")
OUTPUT = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture
def provider(settings):
    """The deployment's default model, behind a strict server that is told its answers in the test."""
    with serving(Answer(events=chat_events("Done.")), is_strict=True) as server:
        settings.MODELS, settings.DEFAULT_MODEL = {"odd": models_entry(server.url)}, "odd"
        yield server
        assert server.refused == []


def will_answer(provider: ProviderServer, *contents: bytes | Answer) -> None:
    provider.answers.clear()
    provider.answers += [one if isinstance(one, Answer) else Answer(events=(one,)) for one in contents]


def supply(actor: Actor, objective: Objective, content: str) -> None:
    waiting = [one for one in calls_of(objective) if one.execution == "waiting_for_content"]
    for one in waiting:
        supply_content(
            access=actor.access,
            objective_id=objective.id,
            call_id=one.id,
            drafts=[Text(content)],
            now=timezone.now(),
        )


def said_to(provider: ProviderServer, number: int) -> list[dict]:
    return provider.received[number].body["messages"]


@pytest.mark.parametrize(
    "call_id", [LONG_ID, "", None, " ", "call_\ud83d", "call_\x00", "functions.ask:0", "same"]
)
def test_calls_with_any_id_run_and_their_results_reach_the_provider(actor, bench, provider, call_id):
    asked = [calls(call(index=index, id=call_id, name="ask", arguments=SEVEN)) for index in range(2)]
    will_answer(provider, stream(*asked, finish="tool_calls"), stream(*asked), stream(text("Done.")))
    objective = work(start(actor, bare_tool(actor), script=SCRIPT), bench)
    for _ in range(2):
        supply(actor, objective, "blue")
        objective = work(objective, bench)

    assert [one.execution for one in calls_of(objective)] == ["completed"] * 4
    last = said_to(provider, 2)
    assert [message["content"] for message in last if message["role"] == "tool"] == ["blue"] * 4
    assert objective.state == "waiting"


def test_no_call_of_an_answer_that_was_cut_off_is_made(actor, bench, provider, tools):
    closed = calls(call(index=0, id="call_cut", name="pay", arguments=SEVEN))
    whole = calls(call(index=0, id="call_whole", name="pay", arguments=SEVEN))
    will_answer(
        provider,
        stream(text("I pay."), closed, finish="length"),
        stream(whole, finish="tool_calls"),
        stream(text("Paid.")),
    )
    objective = start(actor, http_tool(actor, tools.url, "pay", "POST"), script=SCRIPT)

    objective = work(objective, bench)

    assert tools.bodies == [{"order": "7"}]
    assert [(one.execution, one.error_type) for one in calls_of(objective)] == [
        ("errored", "cut_off"),
        ("completed", ""),
    ]
    assert json.loads(said_to(provider, 1)[-1]["content"]) == {"error": SEND_AGAIN}
    assert payloads(objective, "assistantMessage")[0]["finishReason"] == "length"
    assert "finishReason" not in payloads(objective, "assistantMessage")[1]
    assert payloads(objective, "toolError")[0]["message"] == SEND_AGAIN


def test_a_call_that_needs_approval_is_not_asked_about_where_its_answer_was_cut_off(actor, bench, provider):
    closed = calls(call(index=0, id="call_cut", name="ask", arguments=SEVEN))
    will_answer(provider, stream(closed, finish="max_tokens"), stream(text("Never mind.")))

    objective = work(start(actor, bare_tool(actor, requires_approval=True), script=SCRIPT), bench)

    assert "toolApprovalRequested" not in types(objective)
    assert objective.state == "waiting"


def test_a_final_answer_that_no_agent_promised_is_answered_as_a_tool_that_there_is_not(
    actor, bench, provider
):
    asking = calls(
        call(index=0, id="f", name="final_answer", arguments='{"total": 3}'),
        call(index=1, id="a", name="ask", arguments=SEVEN),
    )
    will_answer(provider, stream(asking, finish="tool_calls"), stream(text("Then in words.")))
    objective = start(actor, bare_tool(actor), script=SCRIPT)

    work(objective, bench)
    supply(actor, objective, "It is on its way.")
    work(objective, bench)

    results = [one["content"] for one in said_to(provider, 1) if one["role"] == "tool"]
    assert len(results) == 2
    assert "There is no tool 'final_answer'." in results[0]
    assert fresh(objective).state == "waiting"


def test_text_that_was_cut_off_is_marked_and_waits_for_the_next_message(actor, bench, provider):
    will_answer(
        provider, stream(text("The result is: do not "), finish="length"), stream(text("Do not pay."))
    )
    objective = work(start(actor, script=SCRIPT), bench)
    marked = payloads(objective, "assistantMessage")[0]

    continue_objective(
        access=actor.access, objective_id=objective.id, message="Go on.", enqueue=False, now=timezone.now()
    )
    objective = work(objective, bench)

    assert (marked["content"], marked["finishReason"]) == ("The result is: do not ", "length")
    assert Step.objects.filter(objective=objective, finish_reason="length").count() == 1
    told = said_to(provider, 1)
    assert [message["role"] for message in told] == ["system", "user", "assistant", "user", "user"]
    assert "cut off" in told[3]["content"]


def test_an_output_that_was_cut_off_is_none_even_if_it_is_valid(actor, bench, provider):
    closed = calls(call(index=0, id="a", name="final_answer", arguments='{"total": 1}'))
    whole = calls(call(index=0, id="b", name="final_answer", arguments='{"total": 100}'))
    will_answer(provider, stream(closed, finish="length"), stream(whole, finish="tool_calls"))

    objective = work(start(actor, script=SCRIPT, output=OUTPUT), bench)

    assert (objective.state, objective.output) == ("finalized", {"total": 100})


@pytest.mark.parametrize("finish", ["length", "error"])
def test_an_agent_with_an_output_is_asked_again_where_its_text_was_cut_off(actor, bench, provider, finish):
    whole = calls(call(index=0, id="b", name="final_answer", arguments='{"total": 100}'))
    will_answer(provider, stream(text("The total of all is"), finish=finish), stream(whole))

    objective = work(start(actor, script=SCRIPT, output=OUTPUT), bench)

    assert (objective.state, objective.output) == ("finalized", {"total": 100})
    assert said_to(provider, 1)[-1]["role"] == "user"


def test_a_sub_agent_never_ends_with_an_answer_that_was_cut_off(actor, bench, provider):
    will_answer(
        provider,
        stream(text("The result of the audit is: do not "), finish="length"),
        stream(text("Do not pay.")),
    )
    parent = start(actor, script=SCRIPT)
    child = start(actor, script=SCRIPT)
    Objective.objects.filter(pk=child.pk).update(parent=parent)

    child = work(child, bench)

    assert (child.state, child.output) == ("finalized", {"text": "Do not pay."})


def test_answers_that_are_cut_off_again_and_again_end_the_work(actor, bench, provider):
    will_answer(provider, stream(text("It is "), finish="length"))

    objective = work(start(actor, script=SCRIPT, output=OUTPUT), bench)

    assert (objective.state, objective.error_type) == ("failed", "model_error")
    assert "cut off 3 times in a row" in payloads(objective, "error")[0]["message"]
    assert len(provider.received) == 3


EMPTY = stream(text(""))


def test_an_empty_answer_is_asked_for_once_more_and_paid_for(actor, bench, provider):
    will_answer(provider, EMPTY, stream(text("Done.")))

    objective = work(start(actor, script=SCRIPT), bench)

    assert objective.state == "waiting"
    assert payloads(objective, "assistantMessage")[0]["content"] == "Done."
    assert BrokenRequest.objects.get(objective=objective).input_tokens == 100
    first, second = (received.headers["idempotency-key"] for received in provider.received)
    assert first != second


def test_two_empty_answers_are_an_error_that_says_so(actor, bench, provider):
    will_answer(provider, EMPTY)

    objective = work(start(actor, script=SCRIPT), bench)

    assert (objective.state, objective.error_type) == ("failed", "model_error")
    assert "without text or tool calls" in payloads(objective, "error")[0]["message"]
    assert len(provider.received) == 2
    assert BrokenRequest.objects.filter(objective=objective).count() == 2


@pytest.mark.parametrize("finish", ["eos", "end_turn", "abort"])
def test_an_ending_that_nobody_knows_is_paid_once(actor, bench, provider, finish):
    will_answer(provider, stream(text("A whole answer."), finish=finish))

    objective = work(start(actor, script=SCRIPT), bench)

    assert (objective.state, len(provider.received)) == ("waiting", 1)
    assert not BrokenRequest.objects.filter(objective=objective).exists()
    assert objective.output_tokens == 10


OVERFLOW = Answer(
    400,
    body={
        "error": {
            "message": "This model's maximum context length is 5000 tokens. However, your messages "
            "resulted in 16323 tokens.",
            "code": "context_length_exceeded",
            "type": "invalid_request_error",
        }
    },
)


def test_what_is_too_long_for_the_provider_is_shortened_once_and_asked_again(actor, bench, provider):
    will_answer(
        provider,
        ASK,
        OVERFLOW,
        stream(text("Read.")),
    )
    objective = work(start(actor, bare_tool(actor), script=SCRIPT), bench)
    supply(actor, objective, "x" * 60_000)

    objective = work(objective, bench)

    assert objective.state == "waiting"
    assert payloads(objective, "assistantMessage")[-1]["content"] == "Read."
    sent = [message["content"] for message in said_to(provider, 2) if message["role"] == "tool"]
    assert len(sent[0]) < 16_000
    assert sent[0].startswith("x")
    assert "left out" in sent[0]
    assert objective.window_count == 2


def test_old_results_are_left_out_where_the_conversation_is_too_long(actor, bench, provider):
    asked = [stream(calls(call(index=0, id=str(number), name="ask", arguments=SEVEN))) for number in range(4)]
    will_answer(provider, *asked, OVERFLOW, stream(text("Read.")))
    objective = work(start(actor, bare_tool(actor), script=SCRIPT), bench)
    for number in range(4):
        supply(actor, objective, f"{number}" * 15_000)
        objective = work(objective, bench)

    sent = [message["content"] for message in said_to(provider, 5) if message["role"] == "tool"]
    assert sent[:2] == [CLEARED, CLEARED]
    assert objective.state == "waiting"


def test_a_long_talk_is_summed_up_from_as_much_as_the_provider_reads(actor, bench, provider):
    will_answer(
        provider, *[stream(text("Yes."))] * 8, OVERFLOW, stream(text("They said y.")), stream(text("Read."))
    )
    objective = work(start(actor, script=SCRIPT), bench)
    for _ in range(8):
        continue_objective(
            access=actor.access,
            objective_id=objective.id,
            message="y" * 2000,
            enqueue=False,
            now=timezone.now(),
        )
        objective = work(objective, bench)

    summary, last = said_to(provider, 9), said_to(provider, 10)
    assert objective.state == "waiting"
    assert payloads(objective, "assistantMessage")[-1]["content"] == "Read."
    assert sum(len(message["content"]) for message in summary) < 8 * 2000 / 2
    assert "shortened" in summary[-1]["content"]
    assert [message["role"] for message in last] == ["system", "user", "user"]
    assert "They said y." in last[1]["content"]


def test_what_is_still_too_long_fails_after_it_was_shortened(actor, bench, provider):
    will_answer(provider, ASK, OVERFLOW)
    objective = work(start(actor, bare_tool(actor), script=SCRIPT), bench)
    supply(actor, objective, "x" * 60_000)

    objective = work(objective, bench)

    assert (objective.state, objective.error_type) == ("failed", "model_error")
    assert "maximum context length" in payloads(objective, "error")[0]["message"]
    assert len(provider.received) == 3


def test_a_first_message_that_is_too_long_fails_at_once(actor, bench, provider):
    will_answer(provider, OVERFLOW)

    objective = work(start(actor, script=SCRIPT), bench)

    assert (objective.state, len(provider.received)) == ("failed", 1)


def test_a_known_window_is_kept_to_before_the_provider_refuses(actor, bench, provider):
    will_answer(provider, ASK, stream(text("Read.")))
    objective = start(actor, bare_tool(actor), script=SCRIPT, plan={"context_tokens": 5000})
    objective = work(objective, bench)
    supply(actor, objective, "x" * 60_000)

    objective = work(objective, bench)

    assert objective.state == "waiting"
    sent = [message["content"] for message in said_to(provider, 1) if message["role"] == "tool"]
    assert len(sent[0]) < 5000 * 4


def shown(objective: Objective, content: str) -> None:
    """What a worker that was killed in mid-answer had already put on everybody's screen."""
    head = RunHead.objects.get(pk=objective.pk)
    RunEvent.objects.create(
        run_id=objective.pk,
        seq=head.seq + 1,
        event_id=objective.pk,
        kind=EventKind.TEXT,
        at=timezone.now(),
        data={"turn": objective.turn, "attempt": objective.attempt, "offset": 0, "text": content},
    )
    RunHead.objects.filter(pk=objective.pk).update(seq=head.seq + 1)


def test_what_was_on_the_screen_at_an_interrupt_is_a_partial_message_that_the_model_reads(
    actor, bench, provider
):
    will_answer(
        provider,
        ASK,
        stream(text("As you say.")),
    )
    objective = work(start(actor, bare_tool(actor), script=SCRIPT), bench)
    supply(actor, objective, "blue")
    shown(objective, "The answer is bl")

    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())

    partial = payloads(objective, "assistantMessage")[-1]
    assert partial == {
        "content": "The answer is bl",
        "toolCalls": [],
        "finishReason": "interrupted",
        "partial": True,
    }
    assert types(objective)[-4:] == ["INTERRUPTING", "assistantMessage", "interrupted", "WAITING"]
    continue_objective(
        access=actor.access, objective_id=objective.id, message="Why?", enqueue=False, now=timezone.now()
    )
    objective = work(objective, bench)
    told = said_to(provider, 1)
    assert [message["role"] for message in told[-3:]] == ["assistant", "user", "user"]
    assert told[-3]["content"] == "The answer is bl"
    assert "broken off" in told[-2]["content"]
    assert objective.state == "waiting"


def test_what_was_on_the_screen_at_a_cancel_is_kept(actor, bench, provider):
    objective = start(actor, script=SCRIPT)
    shown(objective, "The answer is bl")

    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=timezone.now())

    assert payloads(objective, "assistantMessage")[-1]["finishReason"] == "interrupted"
    assert types(objective)[-3:] == ["assistantMessage", "cancelled", "CANCELLED"]


def test_text_that_a_later_attempt_has_replaced_is_no_partial_message(actor, bench, provider):
    cut = Answer(events=chat_events("It is ", finish=None, usage=None, done=False), ending="cut")
    will_answer(provider, cut, stream(text("Done.")))
    objective = work(start(actor, script=SCRIPT), bench)
    RunHead.objects.filter(pk=objective.pk).update(available_at=timezone.now())
    objective = work(objective, bench)

    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=timezone.now())

    assert [one["content"] for one in payloads(objective, "assistantMessage")] == ["Done."]


def test_a_summary_may_be_made_of_a_conversation_that_ends_with_a_partial_message(actor, bench, provider):
    objective = work(start(actor, script=SCRIPT), bench)
    continue_objective(
        access=actor.access, objective_id=objective.id, message="Go on.", enqueue=False, now=timezone.now()
    )
    shown(fresh(objective), "The answer is bl")
    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())
    Objective.objects.filter(pk=objective.pk).update(
        plan={**Plan.read(fresh(objective).plan).stored(), "context_tokens": 10}
    )
    continue_objective(
        access=actor.access, objective_id=objective.id, message="Again.", enqueue=False, now=timezone.now()
    )

    objective = work(objective, bench)

    assert objective.state == "waiting"
    assert ContextWindow.objects.filter(objective=objective).count() == 2
