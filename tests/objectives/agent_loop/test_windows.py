"""New context windows: when they open, what they begin with, and that the work goes on in them."""

import pytest
from django.utils import timezone

from executions.inference.truncation import CLEARED
from objectives.actions.continuation import compact_objective, continue_objective
from objectives.actions.supplied_results import supply_content
from objectives.agent_loop.compaction import DEMO_SUMMARY
from objectives.agent_loop.model_request import conversation_of
from objectives.models import ContextWindow, Objective, QueuedAction
from objectives.tool_results.outcome import Text
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import bare_tool, calls_of, payloads, said, start, types, work

pytestmark = pytest.mark.django_db

ASK = {"tool": "ask", "arguments": {"order": "7"}}
BOTH = ["tool_result_clearing", "summarization"]


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def answer(actor: Actor, objective: Objective, text: str) -> None:
    """Give the newest call its content."""
    supply_content(
        access=actor.access,
        objective_id=objective.id,
        call_id=calls_of(objective)[-1].id,
        drafts=[Text(text)],
        now=timezone.now(),
    )


def windows_of(objective: Objective) -> list[ContextWindow]:
    return list(ContextWindow.objects.filter(objective=objective).order_by("sequence"))


def test_a_window_that_is_full_is_summed_up_and_the_script_goes_on(actor, bench):
    script = [ASK, {"answer": "The last was {last_result}."}]
    objective = work(start(actor, bare_tool(actor), script=script, plan={"context_tokens": 10}), bench)
    answer(actor, objective, "blue")

    objective = work(objective, bench)

    first, second = windows_of(objective)
    assert said(objective)[-1] == "The last was blue."
    assert objective.window_count == 2
    assert (first.prompt_tokens > 0, second.sequence, second.continue_instructions) == (True, 2, DEMO_SUMMARY)
    assert payloads(objective, "contextWindowCompacted")[0] | {"messagesCompacted": 0} == {
        "newContextWindow": {
            "objectiveId": payloads(objective, "contextWindowCompacted")[0]["newContextWindow"][
                "objectiveId"
            ],
            "sequence": 2,
            "promptTokens": 0,
            "completionTokens": 0,
            "previousWindowContinueInstructions": DEMO_SUMMARY,
        },
        "strategies": BOTH,
        "messagesCompacted": 0,
        "summary": DEMO_SUMMARY,
    }
    assert types(objective)[-4:] == ["RUNNING", "contextWindowCompacted", "assistantMessage", "WAITING"]


def test_leaving_old_results_out_may_be_enough(actor, bench):
    script = [ASK, ASK, ASK, {"answer": "{results[0]} {results[1]} {results[2]}"}]
    config = {"toolResultClearing": {"preserveRecentResults": 1}}
    objective = start(actor, bare_tool(actor), script=script, compaction=config)
    for number in range(2):
        answer(actor, work(objective, bench), "long " * 500 + str(number))
    objective.plan = {**work(objective, bench).plan, "context_tokens": 1000}
    objective.save(update_fields=["plan"])
    answer(actor, objective, "short")

    objective = work(objective, bench)

    assert said(objective)[-1] == f"{CLEARED} {CLEARED} short"
    assert payloads(objective, "contextWindowCompacted")[0]["strategies"] == ["tool_result_clearing"]
    assert payloads(objective, "contextWindowCompacted")[0]["messagesCompacted"] == 2


def test_who_asks_gets_a_window_at_once_and_nothing_is_said(actor, bench):
    objective = work(start(actor, script=[{"answer": "One."}, {"answer": "You said {message}."}]), bench)

    action = compact_objective(
        access=actor.access, objective_id=objective.id, compaction=None, now=timezone.now()
    )
    objective = work(objective, bench)
    action = QueuedAction.objects.get(pk=action.pk)

    assert (action.state, action.event_id is not None, objective.state) == ("sent", True, "waiting")
    assert [one["parts"][0]["part_kind"] for one in conversation_of(objective).messages()] == ["user-prompt"]
    continue_objective(
        access=actor.access, objective_id=objective.id, message="Two", enqueue=False, now=timezone.now()
    )
    assert said(work(objective, bench)) == ["One.", "You said Two."]


def test_what_is_queued_comes_in_its_order_between_two_turns(actor, bench):
    objective = work(start(actor, bare_tool(actor), script=[ASK, {"answer": "{message}"}]), bench)
    for text in ("First.", "Second."):
        continue_objective(
            access=actor.access, objective_id=objective.id, message=text, enqueue=True, now=timezone.now()
        )
    answer(actor, objective, "blue")

    objective = work(objective, bench)

    assert said(objective)[-1] == "Second."
    assert [one["content"] for one in payloads(objective, "userMessage")] == ["Go.", "First.", "Second."]
    assert types(objective)[6:] == [
        *["toolResult", "RUNNING", "userMessage", "userMessage", "assistantMessage", "WAITING"]
    ]
