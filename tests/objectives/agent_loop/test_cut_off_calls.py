"""Calls under way as their objective is interrupted or cancelled: what they did is told, or is unknown."""

import time
from collections.abc import Callable

import pytest
from django.utils import timezone

from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.actions.continuation import continue_objective
from objectives.ids import Prefix, spell
from objectives.lifecycles.calls import CUT_OFF
from objectives.models import Objective
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import (
    calls_of,
    fresh,
    http_tool,
    payloads,
    prompt_with,
    said,
    start,
    types,
)
from tests.objectives.runs import make_published_agent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loop_worker")]

BUY = {"tool": "buy", "arguments": {"order": "1"}}


def interrupt(actor: Actor, objective: Objective) -> None:
    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())


def cancel(actor: Actor, objective: Objective) -> None:
    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=timezone.now())


STOPS = pytest.mark.parametrize(
    ("stop", "ends"), [(interrupt, ["interrupted", "WAITING"]), (cancel, ["cancelled", "CANCELLED"])]
)
type Stop = Callable[[Actor, Objective], None]


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def buying(actor: Actor, tools: ToolServer, **fields: object) -> Objective:
    """An objective whose call is with the tool, which does not answer."""
    tools.holding = {"/buy"}
    script = [BUY, {"answer": "{last_result.error}"}]
    objective = start(actor, http_tool(actor, tools.url, "buy", "POST", **fields), script=script)
    wait_until(lambda: tools.at_once == 1)
    return objective


def stopped(objective: Objective) -> Objective:
    wait_until(lambda: fresh(objective).state in {"waiting", "cancelled"}, timeout=45)  # held for 90
    return fresh(objective)


@STOPS
def test_a_call_that_does_not_answer_ends_unknown(
    actor: Actor, tools: ToolServer, stop: Stop, ends: list[str]
):
    objective = buying(actor, tools)

    stop(actor, objective)
    objective = stopped(objective)

    (call,) = calls_of(objective)
    assert (call.execution, call.error_type, call.error_message) == ("errored", "outcome_unknown", CUT_OFF)
    told = {"toolCallId": spell(Prefix.TOOL_CALL, call.id), "message": CUT_OFF}
    assert payloads(objective, "toolError") == [told]
    assert types(objective)[-3:] == ["toolError", *ends]
    assert tools.begun == {told["toolCallId"]: 1}


@STOPS
def test_a_call_that_answers_in_time_keeps_its_result(
    actor: Actor, tools: ToolServer, stop: Stop, ends: list[str]
):
    objective = buying(actor, tools)

    stop(actor, objective)
    time.sleep(1)  # as one does that takes its time, but less than it is given
    tools.released.set()
    objective = stopped(objective)

    (call,) = calls_of(objective)
    assert (call.execution, call.result) == (
        "completed",
        [{"type": "text", "text": '{"order": "1", "state": "sent"}'}],
    )
    assert types(objective)[-3:] == ["toolResult", *ends]
    assert tools.begun.total() == 1


@STOPS
def test_a_call_that_is_safe_to_repeat_is_given_up_at_once(
    actor: Actor, tools: ToolServer, stop: Stop, ends: list[str]
):
    objective = buying(actor, tools, labels={"callboard/safe-to-repeat": "true"})

    stop(actor, objective)
    objective = stopped(objective)

    assert calls_of(objective)[0].execution == "interrupted"
    assert types(objective)[-2:] == ends
    assert "toolError" not in types(objective)


def test_a_model_that_goes_on_is_told_and_repeats_nothing(actor: Actor, tools: ToolServer):
    objective = buying(actor, tools)
    interrupt(actor, objective)
    objective = stopped(objective)

    continue_objective(
        access=actor.access, objective_id=objective.id, message="Go on.", enqueue=False, now=timezone.now()
    )
    wait_until(lambda: fresh(objective).turn == 2)

    assert "it may have taken effect. Check before you repeat it" in said(objective)[-1]
    assert tools.begun.total() == 1


def test_a_cancel_reaches_the_call_of_a_sub_agent(actor: Actor, tools: ToolServer):
    tools.holding = {"/buy"}
    buy = http_tool(actor, tools.url, "buy", "POST")
    clerk = make_published_agent(actor, buy, system_prompt_template=prompt_with([BUY]))
    clerk.name = "Clerk"
    clerk.save(update_fields=["name"])
    objective = start(actor, clerk, script=[{"tool": "Clerk", "arguments": {"task": "Buy."}}])
    wait_until(lambda: tools.at_once == 1)

    cancel(actor, objective)
    child = stopped(Objective.objects.get(parent=objective))

    assert (fresh(objective).state, child.state) == ("cancelled", "cancelled")
    assert [call.execution for call in calls_of(objective)] == ["interrupted"]
    assert [(call.execution, call.error_type) for call in calls_of(child)] == [("errored", "outcome_unknown")]
    assert tools.begun.total() == 1
