"""Objectives and skills each have room of their own in a worker: a full one claims nothing more."""

import pytest
from django.utils import timezone

from executions.actions.dispatch import dispatch_tool_call
from executions.models import SkillExecution, WorkerNode
from objectives.actions.cancellation import cancel_objective
from objectives.models import Objective
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.agent_loop.killing import NewWorker
from tests.objectives.agent_loop.working import fresh, head_of, start

pytestmark = pytest.mark.django_db

LONG = [{"say": "Let me think."}, {"sleep": 90}, {"answer": "x"}]


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def running(objectives: list[Objective]) -> list[Objective]:
    return [one for one in objectives if head_of(one).state == "running"]


def test_a_full_room_of_agents_leaves_tickets_to_wait_and_skills_alone(actor: Actor, new_worker: NewWorker):
    make_skill(tenant=actor.tenant)
    objectives = [start(actor, script=LONG) for _ in range(3)]

    with new_worker("--agents", "2"):
        wait_until(lambda: len(running(objectives)) == 2)
        execution, _ = dispatch_tool_call(
            access=actor.access,
            tool_name="echo",
            arguments={"text": "hi"},
            tool_call_id="call_1",
            now=timezone.now(),
        )
        wait_until(lambda: SkillExecution.objects.get(pk=execution.pk).is_over)
        wait_until(lambda: WorkerNode.objects.filter(busy_agents=2, busy_slots=0, agents=2).exists())
        in_hand = running(objectives)
        (waiting,) = [one for one in objectives if one not in in_hand]
        cancel_objective(access=actor.access, objective_id=in_hand[0].id, reason="", now=timezone.now())
        wait_until(lambda: head_of(waiting).state == "running")

    assert SkillExecution.objects.get(pk=execution.pk).state == "succeeded"
    assert fresh(in_hand[0]).state == "cancelled"


def test_a_tenant_that_finds_all_places_taken_by_another_gets_a_spare_one(
    actor: Actor, new_worker: NewWorker
):
    crowd = [start(actor, script=LONG) for _ in range(4)]

    with new_worker("--agents", "2"):
        wait_until(lambda: len(running(crowd)) == 2)
        guests = [start(make_actor(), script=[{"answer": "Done."}]) for _ in range(3)]
        wait_until(lambda: {fresh(guest).state for guest in guests} == {"waiting"}, timeout=20)

        assert len(running(crowd)) == 2


def test_slots_that_are_full_keep_no_objective_waiting(actor: Actor, new_worker: NewWorker):
    sleeping = "from callboard_skill import *\nimport time\ntime.sleep(60)"
    make_skill(tenant=actor.tenant, slug="sleeper", script=sleeping)

    with new_worker("--concurrency", "1"):
        execution, _ = dispatch_tool_call(
            access=actor.access,
            tool_name="sleeper",
            arguments={"text": "hi"},
            tool_call_id="call_1",
            now=timezone.now(),
        )
        wait_until(lambda: SkillExecution.objects.get(pk=execution.pk).state == "running")
        objective = start(actor, script=[{"answer": "Done."}])
        wait_until(lambda: fresh(objective).state == "waiting", timeout=20)

    assert SkillExecution.objects.get(pk=execution.pk).state == "running"


def test_a_stopped_worker_hands_objectives_back_that_wait_for_their_model(
    actor: Actor, new_worker: NewWorker
):
    objectives = [start(actor, script=LONG) for _ in range(3)]

    with new_worker("--grace", "0.5") as stopping:
        wait_until(lambda: len(running(objectives)) == 3)
        status = stopping.stop(30)

    assert status == 0
    assert [(head_of(one).state, fresh(one).state) for one in objectives] == [("queued", "running")] * 3
    assert [fresh(one).lost_worker_count for one in objectives] == [0] * 3
