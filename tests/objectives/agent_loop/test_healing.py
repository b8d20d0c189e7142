"""What the sweeper does about objectives whose worker is gone or does not obey."""

from datetime import timedelta

import pytest
from django.utils import timezone

from executions.models import RunHead
from executions.runs.lease import Lease, LeaseLost
from executions.runs.registry import begin_run
from executions.runs.worker.sweeper import sweep_once
from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.actions.continuation import continue_objective
from objectives.agent_loop.decision import decide
from objectives.models import Objective
from spaces.ids import new_id
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import (
    StepByStep,
    fresh,
    head_of,
    payloads,
    said,
    start,
    types,
    work,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture(autouse=True)
def _nothing_else_to_do(committed: None) -> None:
    RunHead.objects.exclude(state="ended").update(
        state="ended", lease_owner=None, lease_until=None, available_at=None
    )


def lease(objective: Objective) -> Lease:
    """As a worker has it that does nothing with it."""
    RunHead.objects.filter(pk=objective.pk).update(available_at=timezone.now())
    taken = begin_run(kind="objective", run_id=objective.id, owner=new_id(), now=timezone.now())
    assert taken is not None
    return taken


def expire(objective: Objective) -> None:
    RunHead.objects.filter(pk=objective.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_an_objective_of_a_vanished_worker_waits_for_another(actor, bench):
    objective = start(actor, script=[{"answer": "Done."}])
    lost = lease(objective)
    expire(objective)

    sweep_once()

    head = head_of(objective)
    healed = fresh(objective)
    assert (head.state, healed.state, healed.lost_worker_count) == ("queued", "running", 1)
    assert timezone.now() < head.available_at < timezone.now() + timedelta(seconds=2)
    with pytest.raises(LeaseLost):
        StepByStep(lost).step(decide, [])


def test_an_objective_whose_workers_vanish_again_and_again_fails(actor):
    objective = start(actor, script=[{"answer": "Never."}])

    for _ in range(5):
        lease(objective)
        expire(objective)
        sweep_once()

    assert (fresh(objective).state, fresh(objective).error_type) == ("failed", "worker_lost")
    assert types(objective) == ["PENDING", "userMessage", "RUNNING", "error", "FAILED"]


def test_a_cancel_that_the_worker_does_not_confirm_is_forced(actor):
    objective = start(actor, script=[{"answer": "Never."}])
    lease(objective)
    cancel_objective(access=actor.access, objective_id=objective.id, reason="Enough.", now=timezone.now())
    before = fresh(objective).state
    late = timezone.now() - timedelta(seconds=11)
    RunHead.objects.filter(pk=objective.pk).update(cancel_requested_at=late)

    sweep_once()

    assert (before, fresh(objective).state) == ("running", "cancelled")
    assert payloads(objective, "cancelled") == [{"message": "Enough."}]


def test_an_interrupt_that_the_worker_did_not_live_to_confirm_is_confirmed(actor, bench):
    objective = start(actor, script=[{"answer": "You said {message}."}])
    lease(objective)
    interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())
    expire(objective)

    sweep_once()

    assert types(objective)[-3:] == ["INTERRUPTING", "interrupted", "WAITING"]
    assert head_of(objective).state == "parked"
    continue_objective(
        access=actor.access, objective_id=objective.id, message="Go on", enqueue=False, now=timezone.now()
    )
    assert said(work(objective, bench)) == ["You said Go on."]
