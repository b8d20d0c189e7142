"""Many decide one tool call at the same moment: one wins, and nothing else happens."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from executions.models import RunEvent
from objectives.actions.approvals import approve_call, deny_call
from objectives.actions.supplied_results import supply_content
from objectives.models import AdapterKind, ApprovalStatus, ExecutionStatus, ToolCall
from objectives.tool_results.outcome import Text
from spaces.errors import IllegalMove
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

pytestmark = pytest.mark.django_db(transaction=True)

ASKED, AT_ONCE = 200, 12
DECISIONS = {"tool.approved", "tool.denied"}


@pytest.fixture
def actor():
    return make_actor()


@pytest.fixture
def objective(actor):
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    tool = make_tool(tool_set=tool_set, name="ask", requires_approval=True)
    objective = begin_objective(actor, make_published_agent(actor, tool))
    park(objective)
    return objective


def race(act):
    """How many of all the calls of `act(number)` were taken."""

    def one(number):
        try:
            act(number)
        except IllegalMove:
            return 0
        else:
            return 1
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sum(threads.map(one, range(ASKED)))


def test_of_many_decisions_one_counts(actor, objective):
    call = ask_for(objective, "ask", approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    whose = {"access": actor.access, "objective_id": objective.id, "call_id": call.id, "now": NOW}

    def decide(number):
        if number % 2:
            approve_call(**whose)
        else:
            deny_call(**whose, memo=str(number))

    taken = race(decide)

    kinds = list(
        RunEvent.objects.filter(run_id=objective.id, kind__in=DECISIONS).values_list("kind", flat=True)
    )
    call.refresh_from_db()
    assert taken == 1
    assert kinds == [f"tool.{call.approval}"]
    begun = RunEvent.objects.filter(run_id=objective.id, kind="tool.called").count()
    assert begun == (1 if call.approval == ApprovalStatus.APPROVED else 0)


def test_content_is_taken_once(actor, objective):
    call = ask_for(
        objective, "ask", approval=ApprovalStatus.AUTO_APPROVED, execution=ExecutionStatus.WAITING_FOR_CONTENT
    )

    taken = race(
        lambda number: supply_content(
            access=actor.access,
            objective_id=objective.id,
            call_id=call.id,
            drafts=[Text(str(number))],
            now=NOW,
        )
    )

    event = RunEvent.objects.get(run_id=objective.id, kind="tool.returned")
    assert taken == 1
    assert event.data["content"] == ToolCall.objects.get().result
