"""What a turn costs the database: few statements, in as few transactions as a killed worker allows.

What the model says meanwhile is written by the thread that writes all runs' texts, and not counted here.
"""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.runs.worker.context import Bench
from objectives.actions.approvals import approve_call
from objectives.models import Objective
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import bare_tool, calls_of, http_tool, start, types, work

pytestmark = pytest.mark.django_db

CLAIM = 7  # statements of taking an objective up for the first time, and of the test's own last look
TURN = (
    16  # to decide that the model is asked, to read what it is asked, to keep what it says and decide again
)
CALL = 6  # a call's row, that it begins, and that it has its result
ORDER = {"arguments": {"order": "1"}}
SAID = "assistantMessage"


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def cost(action: Callable[[], object]) -> tuple[int, int]:
    """How many statements an action makes, and in how many transactions."""
    with CaptureQueriesContext(connection) as captured:
        action()
    made = [one["sql"].strip() for one in captured.captured_queries]
    begun = [sql for sql in made if sql == "BEGIN"]
    return len([sql for sql in made if sql not in {"BEGIN", "COMMIT"}]), len(begun)


def test_a_turn_that_asks_the_model_once(actor: Actor, bench: Bench):
    objective = start(actor, script=[{"answer": "Done."}])

    statements, transactions = cost(lambda: work(objective, bench))

    assert types(objective)[-2:] == [SAID, "WAITING"]
    assert statements <= CLAIM + TURN
    # The claim; that the model is asked; what it said, and that nothing more is to be done.
    assert transactions == 3


def test_a_turn_that_asks_for_an_approval(actor: Actor, bench: Bench):
    objective = start(actor, bare_tool(actor, requires_approval=True), script=[{"tool": "ask", **ORDER}])

    statements, transactions = cost(lambda: work(objective, bench))

    assert types(objective)[-3:] == [SAID, "toolApprovalRequested", "WAITING"]
    assert statements <= CLAIM + TURN
    assert transactions == 3


def test_an_approved_call_and_the_turn_after_it(actor: Actor, bench: Bench, tools: ToolServer):
    objective = approved(actor, bench, http_tool(actor, tools.url, "found", requires_approval=True))

    statements, transactions = cost(lambda: work(objective, bench))

    assert types(objective)[-4:] == ["toolCalled", "toolResult", SAID, "WAITING"]
    assert statements <= CLAIM + 2 * TURN
    # The claim; that the call begins; what came of it, and that the model is asked; what it said.
    assert transactions == 4


def test_each_further_turn_of_an_attempt_costs_the_same(actor: Actor, bench: Bench, tools: ToolServer):
    found = http_tool(actor, tools.url, "found")
    short = start(actor, found, script=[{"tool": "found", **ORDER}] * 2 + [{"answer": "Done."}])
    long = start(actor, found, script=[{"tool": "found", **ORDER}] * 6 + [{"answer": "Done."}])

    (few, before), (many, after) = cost(lambda: work(short, bench)), cost(lambda: work(long, bench))

    assert types(long).count(SAID) - types(short).count(SAID) == 4
    assert many - few <= 4 * (TURN + CALL)
    # What the model said, and that its call begins; what came of that, and that the model is asked.
    assert after - before == 4 * 2


def approved(actor: Actor, bench: Bench, tool: object) -> Objective:
    """An objective whose only call may be made now."""
    objective = work(start(actor, tool, script=[{"tool": "found", **ORDER}, {"answer": "Done."}]), bench)
    (call,) = calls_of(objective)
    approve_call(access=actor.access, objective_id=objective.id, call_id=call.id, now=timezone.now())
    return objective
