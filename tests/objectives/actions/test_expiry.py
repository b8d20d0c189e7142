"""What happens when nobody decides, answers or says anything in time."""

from datetime import timedelta

import pytest

from executions.models import RunEvent
from objectives.actions.expiry import (
    expire_approval,
    expire_content,
    expired_approvals,
    expired_contents,
    idle_objectives,
    time_out_objective,
)
from objectives.models import (
    AdapterKind,
    ApprovalStatus,
    CallError,
    ExecutionStatus,
    Objective,
    ObjectiveState,
)
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(seconds=61)


@pytest.fixture
def actor():
    return make_actor()


def waiting(actor, **labels):
    """An objective that waits for the approval of a bare tool with these labels, and the call."""
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    tool = make_tool(
        tool_set=tool_set,
        name="ask",
        requires_approval=True,
        labels={f"callboard/{key.replace('_', '-')}": value for key, value in labels.items()},
    )
    objective = begin_objective(actor, make_published_agent(actor, tool))
    call = ask_for(objective, "ask", approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    call.approval_expires_at = NOW + timedelta(seconds=60)
    call.save()
    park(objective)
    return objective, call


def kinds(objective):
    events = RunEvent.objects.filter(run_id=objective.id).order_by("seq")
    return list(events.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("default", "outcome", "kind"),
    [
        ("deny", (ApprovalStatus.DENIED, ExecutionStatus.PENDING), "tool.denied"),
        ("approve", (ApprovalStatus.APPROVED, ExecutionStatus.WAITING_FOR_CONTENT), "tool.approved"),
    ],
)
def test_an_approval_that_nobody_gave_is_decided_by_default(actor, default, outcome, kind):
    objective, call = waiting(actor, approval_default=default)

    assert expired_approvals(NOW) == []
    assert expired_approvals(LATER) == [call.id]
    for _ in range(2):
        expire_approval(call.id, LATER)

    call.refresh_from_db()
    assert (call.approval, call.execution) == outcome
    assert call.decided_by_id is None
    assert kinds(objective).count(kind) == 1
    assert expired_approvals(LATER) == []


def test_content_that_nobody_supplied_is_an_error_that_the_model_hears_of(actor):
    objective, call = waiting(actor)
    call.approval, call.execution = ApprovalStatus.APPROVED, ExecutionStatus.WAITING_FOR_CONTENT
    call.content_expires_at = NOW + timedelta(seconds=60)
    call.save()

    assert expired_contents(NOW) == []
    assert expired_contents(LATER) == [call.id]
    for _ in range(2):
        expire_content(call.id, LATER)

    call.refresh_from_db()
    assert (call.execution, call.error_type) == (ExecutionStatus.ERRORED, CallError.CONTENT_TIMEOUT)
    assert kinds(objective).count("tool.returned") == 1
    assert Objective.objects.get().state == ObjectiveState.RUNNING


def test_an_objective_that_nobody_speaks_to_times_out(actor):
    objective = begin_objective(actor, make_published_agent(actor, inactivity_seconds=60.0))
    park(objective)
    Objective.objects.update(idle_since=NOW)

    assert idle_objectives(NOW) == []
    assert idle_objectives(LATER) == [objective.id]
    for _ in range(2):
        time_out_objective(objective.id, LATER)

    objective.refresh_from_db()
    assert objective.state == ObjectiveState.TIMED_OUT
    assert kinds(objective)[-2:] == ["objective.timed_out", "objective.state_changed"]
    assert kinds(objective).count("objective.timed_out") == 1


def test_the_clock_stands_still_while_a_tool_call_is_open(actor):
    objective, _ = waiting(actor)
    Objective.objects.update(idle_since=NOW, inactivity_seconds=60)

    time_out_objective(objective.id, LATER)

    assert Objective.objects.get().state == ObjectiveState.WAITING
