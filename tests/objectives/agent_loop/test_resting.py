"""An objective waits for people as soon as nobody else has anything to do for it."""

import pytest
from django.utils import timezone

from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.actions.continuation import compact_objective, continue_objective
from objectives.actions.queued_actions import MOST_AT_ONCE, MOST_QUEUED
from objectives.actions.supplied_results import supply_content
from objectives.agent_loop.call_step import continue_after_child
from objectives.models import ActionKind, Objective, QueuedAction
from objectives.tool_results.outcome import Text
from spaces.errors import NotReady
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import (
    bare_tool,
    calls_of,
    fresh,
    head_of,
    payloads,
    prompt_with,
    said,
    start,
    types,
    work,
)
from tests.objectives.runs import make_published_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def test_it_waits_once_the_last_other_run_has_ended(actor, bench):
    clerk = make_published_agent(actor, system_prompt_template=prompt_with([{"answer": "x"}]))
    clerk.name = "Clerk"
    clerk.save(update_fields=["name"])
    calls = [{"tool": "Clerk", "arguments": {"task": "Count."}}, {"tool": "ask", "arguments": {"order": "7"}}]
    objective = start(actor, clerk, bare_tool(actor), script=[{"tools": calls}, {"answer": "Done."}])
    objective = work(objective, bench)
    while_both_are_awaited = objective.state

    child = Objective.objects.get(parent=objective)
    cancel_objective(access=actor.access, objective_id=child.id, reason="", now=timezone.now())
    continue_after_child(child_id=child.id, now=timezone.now())
    objective = work(fresh(objective), bench)

    assert while_both_are_awaited == "running"
    assert (objective.state, head_of(objective).state) == ("waiting", "parked")
    assert objective.idle_since is None
    assert types(objective)[-2:] == ["toolError", "WAITING"]


def test_a_turn_that_was_interrupted_unheard_is_continued_like_any_other(actor, bench):
    script = [{"tool": "ask", "arguments": {"order": "7"}}, {"answer": "You said {message}"}]
    objective = work(start(actor, bare_tool(actor), script=script), bench)
    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())

    continue_objective(
        access=actor.access, objective_id=objective.id, message="More.", enqueue=False, now=timezone.now()
    )
    objective = work(fresh(objective), bench)

    assert said(objective)[-1] == "You said More."
    assert types(objective)[-4:] == ["userMessage", "RUNNING", "assistantMessage", "WAITING"]


def test_what_was_queued_before_an_interrupt_is_heard_before_what_is_said_after_it(actor, bench):
    script = [{"tool": "ask", "arguments": {"order": "7"}}, {"answer": "You said {message}"}]
    objective = work(start(actor, bare_tool(actor), script=script), bench)

    def go_on(message, *, enqueue):
        continue_objective(
            access=actor.access,
            objective_id=objective.id,
            message=message,
            enqueue=enqueue,
            now=timezone.now(),
        )

    go_on("First.", enqueue=True)
    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())
    go_on("Second.", enqueue=False)
    ended = work(fresh(objective), bench)

    heard = [message.content for message in ended.messages.order_by("created_at", "id")]
    assert heard[-2:] == ["First.", "Second."]
    assert said(ended)[-1] == "You said Second."
    assert [action.state for action in ended.queued_actions.all()] == ["sent"]


def test_compacting_after_an_interrupt_does_not_take_up_the_turn_again(actor, bench):
    script = [{"tool": "ask", "arguments": {"order": "7"}}, {"answer": "You said {message}"}]
    objective = work(start(actor, bare_tool(actor), script=script), bench)
    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())

    compact_objective(access=actor.access, objective_id=objective.id, compaction=None, now=timezone.now())
    objective = work(fresh(objective), bench)

    assert (objective.state, objective.turn) == ("waiting", 1)
    assert types(objective)[-3:] == ["RUNNING", "contextWindowCompacted", "WAITING"]

    continue_objective(
        access=actor.access, objective_id=objective.id, message="More.", enqueue=False, now=timezone.now()
    )
    assert said(work(fresh(objective), bench))[-1] == "You said More."


def queue(objective, told):
    QueuedAction.objects.bulk_create(
        QueuedAction(
            objective=objective,
            space_id=objective.space_id,
            kind=ActionKind.USER_MESSAGE,
            content=text,
            created_by_id=objective.created_by_id,
            created_at=timezone.now(),
        )
        for text in told
    )


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_more_messages_than_one_transaction_takes_are_all_heard_in_order(actor, bench, is_interrupted):
    ask = {"tool": "ask", "arguments": {"order": "7"}}
    objective = work(start(actor, bare_tool(actor), script=[ask, {"answer": "{message}"}]), bench)
    told = [str(number) for number in range(2 * MOST_AT_ONCE + 1)]
    queue(objective, told)
    whom = {"access": actor.access, "objective_id": objective.id, "now": timezone.now()}

    if is_interrupted:
        interrupt_objective(**whom)
        continue_objective(**whom, message="Last.", enqueue=False)
        told.append("Last.")
    else:
        supply_content(**whom, call_id=calls_of(objective)[0].id, drafts=[Text("blue")])
    objective = work(fresh(objective), bench)

    assert [one["content"] for one in payloads(objective, "userMessage")][1:] == told
    assert set(QueuedAction.objects.values_list("state", flat=True)) == {"sent"}
    assert (said(objective)[-1], objective.state) == (told[-1], "waiting")


def test_what_is_queued_has_an_end(actor):
    objective = start(actor, script=[{"answer": "Never."}])
    queue(objective, ["more"] * (MOST_QUEUED - 1))
    whom = {"access": actor.access, "objective_id": objective.id, "now": timezone.now()}

    continue_objective(**whom, message="The last.", enqueue=True)
    with pytest.raises(NotReady, match="1,000 queued actions"):
        continue_objective(**whom, message="Too much.", enqueue=True)

    assert objective.queued_actions.count() == MOST_QUEUED
