"""What becomes of a call in every state that there is when its objective stops, in whichever way."""

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from executions.models import RunEvent, RunHead
from executions.runs.registry import begin_run
from executions.runs.verbs import force_cancel, heal
from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.lifecycles.calls import CUT_OFF, execute
from objectives.models import (
    AdapterKind,
    ApprovalStatus,
    ExecutionStatus,
    Objective,
    ObjectiveState,
    ToolCall,
)
from spaces.errors import IllegalMove
from spaces.ids import new_id
from tests.factories import make_actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

pytestmark = pytest.mark.django_db

AUTO, WAITS, NO = ApprovalStatus.AUTO_APPROVED, ApprovalStatus.WAITING_FOR_APPROVAL, ApprovalStatus.DENIED
_E = ExecutionStatus
GIVEN_UP, UNKNOWN = (_E.INTERRUPTED, ""), (_E.ERRORED, "outcome_unknown")
# Function, approval and execution of a call, and what it is afterwards; None for what is settled already.
STATES = {
    ("buy", AUTO, _E.PENDING): GIVEN_UP,
    ("buy", WAITS, _E.PENDING): GIVEN_UP,
    ("buy", NO, _E.PENDING): None,
    ("buy", AUTO, _E.RUNNING): UNKNOWN,
    ("buy", ApprovalStatus.APPROVED, _E.RUNNING): UNKNOWN,
    ("buy", AUTO, _E.COMPLETED): None,
    ("buy", AUTO, _E.ERRORED): None,
    ("buy", AUTO, _E.INTERRUPTED): None,
    ("find", AUTO, _E.PENDING): GIVEN_UP,
    ("find", AUTO, _E.RUNNING): GIVEN_UP,
    ("ask", AUTO, _E.WAITING_FOR_CONTENT): GIVEN_UP,
}


def lease(objective):
    RunHead.objects.filter(pk=objective.pk).update(state="queued", available_at=timezone.now())
    assert begin_run(kind="objective", run_id=objective.id, owner=new_id(), now=timezone.now()) is not None


def lose_worker(objective):
    late = timezone.now() - timedelta(seconds=1)
    RunHead.objects.filter(pk=objective.pk).update(lease_until=late)


def interrupt(actor, objective):
    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())


def cancel(actor, objective):
    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=timezone.now())


def interrupt_of_a_vanished_worker(actor, objective):
    lease(objective)
    interrupt(actor, objective)
    lose_worker(objective)
    heal("objective", objective.id, now=timezone.now())


def cancel_of_a_vanished_worker(actor, objective):
    lease(objective)
    cancel(actor, objective)
    lose_worker(objective)
    heal("objective", objective.id, now=timezone.now())


def forced_cancel(actor, objective):
    lease(objective)
    cancel(actor, objective)
    force_cancel("objective", objective.id, now=timezone.now())


def workers_vanish_too_often(_, objective):
    lease(objective)
    Objective.objects.filter(pk=objective.pk).update(lost_worker_count=4)
    lose_worker(objective)
    heal("objective", objective.id, now=timezone.now())


VERBS = [
    interrupt,
    cancel,
    interrupt_of_a_vanished_worker,
    cancel_of_a_vanished_worker,
    forced_cancel,
    workers_vanish_too_often,
]


@pytest.fixture
def actor():
    return make_actor()


@pytest.fixture
def objective(actor):
    """At work, as far as its rows say; may call something over HTTP in both ways, and a bare tool."""
    owner = {"space": actor.space, "created_by": actor.principal}
    bare = make_tool_set(**owner, name="bare", adapter=AdapterKind.BARE)
    http = make_tool_set(**owner, name="http", adapter=AdapterKind.HTTP)
    agent = make_published_agent(
        actor,
        make_tool(tool_set=bare, name="ask"),
        make_tool(tool_set=http, name="find", config={"requestMethod": "GET", "path": "/"}),
        make_tool(tool_set=http, name="buy", config={"requestMethod": "POST", "path": "/"}),
    )
    objective = begin_objective(actor, agent)
    park(objective)
    Objective.objects.filter(pk=objective.pk).update(state=ObjectiveState.RUNNING)
    return objective


def _name(value):
    return value.__name__ if callable(value) else "-".join(map(str, value))


@pytest.mark.parametrize(("state", "verb"), list(itertools.product(STATES, VERBS)), ids=_name)
def test_only_what_may_have_acted_ends_unknown_and_says_so_once(actor, objective, state, verb):
    function, approval, execution = state
    call = ask_for(objective, function, approval=approval, execution=execution)

    verb(actor, objective)

    after = ToolCall.objects.get(pk=call.pk)
    unchanged = (execution, call.error_type)
    assert (after.execution, after.error_type) == (STATES[state] or unchanged)
    told = RunEvent.objects.filter(run_id=objective.pk, kind="tool.returned")
    if STATES[state] == UNKNOWN:
        assert after.error_message == CUT_OFF
        said = [(event.data["call_id"], event.data["is_error"], event.data["summary"]) for event in told]
        assert said == [(str(call.id), True, CUT_OFF)]
        kinds = list(
            RunEvent.objects.filter(run_id=objective.pk).order_by("seq").values_list("kind", flat=True)
        )
        assert kinds[-3] == "tool.returned"  # before the event that ends the work, and the change of state
        assert Objective.objects.get().event_count == len(kinds)
    else:
        assert not told.exists()


def test_no_mover_gives_up_what_may_have_acted_as_if_it_had_not(objective):
    call = ask_for(objective, "buy", approval=AUTO, execution=_E.RUNNING)

    with pytest.raises(IllegalMove):
        execute(call, _E.INTERRUPTED, now=timezone.now())

    assert ToolCall.objects.get(pk=call.pk).execution == _E.RUNNING
