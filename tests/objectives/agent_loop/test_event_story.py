"""What the workspace API's clients receive of everything that can happen, to the byte."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from executions.models import RunKind, SkillExecution
from executions.runs.verbs import request_cancel
from executions.runs.worker.context import Bench
from objectives.actions.approvals import approve_call, deny_call
from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.actions.continuation import compact_objective, continue_objective
from objectives.actions.expiry import time_out_objective
from objectives.actions.supplied_results import supply_content
from objectives.agent_loop.call_step import continue_after_child, continue_after_execution
from objectives.models import ErrorType, Objective
from objectives.tool_results.outcome import Text
from tests.executions.inference.odd_wire import stream, text
from tests.executions.inference.provider_server import Answer
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.agent_loop.logs import alike, listed, streamed
from tests.objectives.agent_loop.test_continuing_after_failure import failed
from tests.objectives.agent_loop.test_odd_providers import shown
from tests.objectives.agent_loop.test_outages import away
from tests.objectives.agent_loop.test_providers import DONE, provided, work_again
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import bare_tool, calls_of, http_tool, start, work
from tests.objectives.factories import make_agent, make_variation

pytestmark = pytest.mark.django_db(transaction=True)

THOUGHTFUL = stream({"reasoning": "Hm."}, text("Yes."))
TOLD = Path(__file__).with_name("event_story.txt")


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def of_calls(actor: Actor, bench: Bench, tools: ToolServer) -> Objective:
    """Calls decided and answered in every way, a sub-agent and a skill that are cancelled, an output."""
    make_skill()
    helper = make_agent(space=actor.space, created_by=actor.principal, name="Helper")
    make_variation(agent=helper)
    ask = bare_tool(actor, requires_approval=True, config={"alwaysSetResult": "It is 42."})
    things = [ask, bare_tool(actor, "wait"), http_tool(actor, tools.url), helper]
    called = [
        {"tool": "ask", "arguments": {"order": "7"}},
        {"tool": "ask", "arguments": {"order": "8"}},
        {"tool": "wait", "arguments": {"order": "7"}},
        {"tool": "Helper", "arguments": {"task": "Look."}},
        {"tool": "echo", "arguments": {"text": "hi"}},
    ]
    one_by_one = [{"tool": "find", "arguments": {"order": "7"}}, {"tool": "nothing", "arguments": {}}]
    script = [{"say": "I ask."}, {"tools": called}, *one_by_one, {"answer": {"found": "it"}}]
    output = {"type": "object", "properties": {"found": {"type": "string"}}}
    labels = {"callboard/skill.echo": "auto"}
    objective = work(start(actor, *things, script=script, output=output, labels=labels), bench)
    decide_and_answer(actor, objective)
    return work_again(objective, bench)


def decide_and_answer(actor: Actor, objective: Objective) -> None:
    """Approve the first call, deny the second, answer the third, and cancel what the others started."""
    given = {"access": actor.access, "now": timezone.now()}
    approved, denied, asked, _, _ = calls_of(objective)
    of = {"objective_id": objective.id, **given}
    approve_call(call_id=approved.id, **of)
    deny_call(call_id=denied.id, memo="Too dear.", **of)
    supply_content(call_id=asked.id, drafts=[Text("blue")], **of)
    for child in Objective.objects.filter(parent=objective):
        cancel_objective(objective_id=child.id, reason="Enough.", **given)
        continue_after_child(child_id=child.id, now=timezone.now())
    for execution in SkillExecution.objects.all():
        request_cancel(RunKind.EXECUTION, execution.id, execution.space_id, by=None, now=timezone.now())
    for call in calls_of(objective)[4:]:
        continue_after_execution(call_id=call.id, now=timezone.now())


def of_ends(actor: Actor, bench: Bench) -> list[Objective]:
    """One that is broken off while it shows text and whose time is over, and one that is compacted."""
    given = {"access": actor.access, "now": timezone.now()}
    broken = start(actor, bare_tool(actor, "pause"), script=[{"tool": "pause", "arguments": {"order": "7"}}])
    broken = work(broken, bench)
    shown(broken, "The answer is bl")
    interrupt_objective(objective_id=broken.id, **given)
    Objective.objects.filter(pk=broken.pk).update(inactivity_seconds=1)
    time_out_objective(objective_id=broken.id, now=timezone.now() + timedelta(seconds=5))
    long = work(start(actor, script=[{"answer": "One."}]), bench)
    compact_objective(objective_id=long.id, compaction=None, **given)
    long = work_again(long, bench)
    cancel_objective(objective_id=long.id, reason="", **given)
    return [broken, long]


def of_providers(actor: Actor, bench: Bench, settings: Settings) -> Objective:
    """An outage, a thoughtful answer, an end for a cause that passes, and an answer after that."""
    with provided(settings, away(), Answer(events=(THOUGHTFUL,)), Answer(events=DONE)):
        objective = work_again(work(start(actor, script=[{"answer": "Unheard."}]), bench), bench)
        now = timezone.now()
        say = {"access": actor.access, "objective_id": objective.id, "message": "Again.", "now": now}
        continue_objective(enqueue=False, **say)
        objective = failed(objective, ErrorType.WORKER_LOST)
        continue_objective(enqueue=False, **say)
        return work_again(objective, bench)


def test_what_clients_receive_stays_the_same_to_the_byte(
    actor: Actor, bench: Bench, tools: ToolServer, settings: Settings
) -> None:
    objectives = [
        of_calls(actor, bench, tools),
        *of_ends(actor, bench),
        of_providers(actor, bench, settings),
    ]

    told = [
        alike(streamed(actor, one).decode(), listed(actor, one, includeInfo="true")) for one in objectives
    ]

    assert "\n".join(told) == TOLD.read_text()
    assert len(told) == len(objectives)
