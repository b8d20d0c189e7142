"""Objectives in a worker process: tools, sub-agents and skills, cancels and interrupts."""

import pytest
from django.utils import timezone

from executions.models import SkillExecution
from objectives.actions.approvals import approve_call
from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.ids import Prefix, spell
from objectives.models import Objective
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import (
    calls_of,
    fresh,
    head_of,
    http_tool,
    payloads,
    prompt_with,
    said,
    start,
    types,
)
from tests.objectives.runs import make_published_agent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loop_worker")]


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def wait_for(objective: Objective, *states: str, timeout: float = 60) -> Objective:
    wait_until(lambda: fresh(objective).state in states, timeout=timeout, what=" or ".join(states))
    return fresh(objective)


def sub_agent(actor: Actor, *steps: object, name: str = "Clerk"):
    agent = make_published_agent(actor, system_prompt_template=prompt_with(list(steps)))
    agent.name = name
    agent.save(update_fields=["name"])
    return agent


def test_a_tool_is_called_and_the_model_reads_its_answer(actor: Actor, tools: ToolServer):
    tool = http_tool(actor, tools.url)
    script = [{"tool": "find", "arguments": {"order": "7"}}, {"answer": "It is {last_result}."}]

    objective = wait_for(start(actor, tool, script=script), "waiting", "failed")

    assert "order=7" in said(objective)[-1]
    assert types(objective)[3:] == [
        *["assistantMessage", "toolCalled", "toolResult", "assistantMessage", "WAITING"]
    ]
    assert tools.done == {spell(Prefix.TOOL_CALL, calls_of(objective)[0].id): 1}


def test_calls_of_one_turn_run_side_by_side(actor: Actor, tools: ToolServer):
    tools.holding = {"/find"}
    call = {"tool": "find", "arguments": {"order": "7"}}
    objective = start(
        actor, http_tool(actor, tools.url), script=[{"tools": [call] * 10}, {"answer": "Done."}]
    )

    wait_until(lambda: tools.at_once == 8)
    tools.released.set()
    objective = wait_for(objective, "waiting")

    assert tools.most_at_once == 8
    assert sorted(tools.done.values()) == [1] * 10
    assert types(objective).count("toolResult") == 10


def test_a_call_that_is_approved_while_another_runs_begins_at_once(actor: Actor, tools: ToolServer):
    tools.holding = {"/slow", "/asked"}
    slow, asked = http_tool(actor, tools.url, "slow"), http_tool(actor, tools.url, "asked")
    asked.requires_approval = True
    asked.save()
    arguments = {"arguments": {"order": "7"}}
    script = [{"tools": [{"tool": "slow", **arguments}, {"tool": "asked", **arguments}]}, {"answer": "Done."}]
    objective = start(actor, slow, asked, script=script)
    wait_until(lambda: tools.at_once == 1)
    state = fresh(objective).state

    approve_call(
        access=actor.access,
        objective_id=objective.id,
        call_id=calls_of(objective)[1].id,
        now=timezone.now(),
    )
    wait_until(lambda: tools.at_once == 2)
    tools.released.set()

    assert state == "running"
    assert said(wait_for(objective, "waiting"))[-1] == "Done."


def test_a_sub_agent_is_an_objective_of_its_own_whose_last_words_are_the_result(actor: Actor):
    clerk = sub_agent(actor, {"answer": "You asked: {message}"})
    script = [{"tool": "Clerk", "arguments": {"task": "Count."}}, {"answer": "They said: {last_result}"}]

    objective = wait_for(start(actor, clerk, script=script), "waiting", "failed")

    child = Objective.objects.get(parent=objective)
    assert (child.state, child.depth) == ("finalized", 1)
    assert said(objective)[-1].endswith("You asked: Count.")
    assert types(objective)[3:] == [
        *["assistantMessage", "toolCalled", "subAgentSpawned", "subAgentUpdated", "toolResult"],
        *["assistantMessage", "WAITING"],
    ]
    assert payloads(objective, "subAgentUpdated")[0]["status"] == "STATUS_COMPLETED"


def test_a_sub_agent_that_fails_is_told_to_the_model(actor: Actor):
    clerk = sub_agent(actor, {"fail": "No."})
    script = [{"tool": "Clerk", "arguments": {"task": "Count."}}, {"answer": "{last_result.error}"}]

    objective = wait_for(start(actor, clerk, script=script), "waiting", "failed")

    assert "ended without a result" in said(objective)[-1]
    assert payloads(objective, "subAgentUpdated")[0]["status"] == "STATUS_FAILED"


def test_a_skill_is_dispatched_under_the_id_of_its_call(actor: Actor):
    make_skill(tenant=actor.tenant, slug="echo")
    script = [{"tool": "echo", "arguments": {"text": "hallo"}}, {"answer": "{last_result}"}]

    objective = wait_for(
        start(actor, script=script, labels={"callboard/skill.echo": "auto"}), "waiting", "failed"
    )

    call = calls_of(objective)[0]
    execution = SkillExecution.objects.get(pk=call.run_id)
    assert execution.chat_tool_call_id == spell(Prefix.TOOL_CALL, call.id)
    assert (execution.state, call.execution) == ("succeeded", "completed")
    assert '"text": "hallo"' in said(objective)[-1]


def test_an_objective_that_is_cancelled_stops_and_all_below_it(actor: Actor):
    clerk = sub_agent(actor, {"say": "Counting."}, {"sleep": 60}, {"answer": "x"})
    script = [{"tool": "Clerk", "arguments": {"task": "Count."}}]
    objective = start(actor, clerk, script=script)
    wait_until(lambda: Objective.objects.filter(parent=objective, state="running").exists())
    child = Objective.objects.get(parent=objective)

    cancel_objective(access=actor.access, objective_id=objective.id, reason="Enough.", now=timezone.now())

    assert fresh(objective).state == "cancelled"
    wait_until(lambda: fresh(child).state == "cancelled", timeout=45)  # it would sleep for 60
    assert payloads(objective, "cancelled") == [{"message": "Enough."}]
    assert calls_of(objective)[0].execution == "interrupted"


def test_a_turn_that_is_interrupted_ends_at_once(actor: Actor, tools: ToolServer):
    objective = start(actor, script=[{"say": "Let me think."}, {"sleep": 60}, {"answer": "x"}])
    wait_until(lambda: head_of(objective).seq > 3)

    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())
    objective = wait_for(objective, "waiting", timeout=45)  # it would sleep for 60

    assert types(objective)[3:] == ["INTERRUPTING", "assistantMessage", "interrupted", "WAITING"]
    (partial,) = payloads(objective, "assistantMessage")
    assert (partial["partial"], partial["finishReason"]) == (True, "interrupted")
    assert partial["content"].endswith("Let me think.")
    assert (objective.turn, objective.idle_since is not None) == (1, True)


def test_an_interrupt_gives_up_the_call_that_runs(actor: Actor, tools: ToolServer):
    tools.holding = {"/find"}
    script = [{"tool": "find", "arguments": {"order": "7"}}, {"answer": "x"}]
    objective = start(actor, http_tool(actor, tools.url), script=script)
    wait_until(lambda: tools.at_once == 1)

    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())
    wait_for(objective, "waiting", timeout=45)  # it would be held for 90

    assert calls_of(objective)[0].execution == "interrupted"
