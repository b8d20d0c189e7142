"""Who takes which run: one of several, the oldest, and fairly between spaces."""

import threading
import uuid
from datetime import timedelta
from typing import LiteralString

import pytest
from django.db import connection, transaction
from django.utils import timezone

from executions.models import RunHead, SkillExecution
from executions.runs.queue import AT_FRONT, enqueue_continuation, enqueue_run
from executions.runs.registry import begin_oldest_run, begin_run
from executions.runs.sql import OLDEST_WAITING
from executions.runs.verbs import heal
from executions.runs.worker.slots import SlotClaim, Slots
from objectives.models import Objective
from spaces.ids import new_id
from tests.executions.runs.worker.attempts import start_again
from tests.factories import Actor, make_actor, make_skill, make_space
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actors(committed: None) -> tuple[Actor, Actor]:
    """Members of two spaces in which nothing waits yet."""
    RunHead.objects.filter(state="queued").update(state="ended", available_at=None)
    pair = make_actor(name="first"), make_actor(name="second")
    for actor in pair:
        make_skill(tenant=actor.tenant)
    return pair


def test_of_many_workers_one_gets_a_run(actors: tuple[Actor, Actor]):
    run = start_again(actors[0])
    gate, leases = threading.Barrier(8), []

    def claim() -> None:
        gate.wait(60)
        leases.append(begin_run(kind="execution", run_id=run.id, owner=new_id(), now=timezone.now()))
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(leases) == 8
    assert [lease.fence for lease in leases if lease is not None] == [1]


def test_the_run_that_waited_longest_is_taken_and_one_in_other_hands_is_passed_over(
    actors: tuple[Actor, Actor],
):
    first, second = (start_again(actor) for actor in actors)
    held, done = threading.Event(), threading.Event()

    def hold_the_first() -> None:
        with transaction.atomic():
            RunHead.objects.select_for_update(no_key=True).get(pk=first.id)
            held.set()
            done.wait(60)
        connection.close()

    holder = threading.Thread(target=hold_the_first)
    holder.start()
    held.wait(60)
    while_held = begin_oldest_run("execution", owner=new_id(), now=timezone.now())
    done.set()
    holder.join(60)
    afterwards = begin_oldest_run("execution", owner=new_id(), now=timezone.now())

    assert while_held is not None
    assert afterwards is not None
    assert (while_held.run_id, afterwards.run_id) == (second.id, first.id)


def test_while_another_space_waits_one_space_gets_at_most_half_of_the_slots(actors: tuple[Actor, Actor]):
    slots = Slots("execution", owner=new_id(), count=4)
    crowd = [start_again(actors[0]) for _ in range(5)]
    alone = [claimed(slots, run) for run in crowd[:4]]
    waiting = [start_again(actors[1]) for _ in range(3)]

    slots.release(alone[0])
    next_one = claimed(slots, crowd[4])
    slots.release(alone[1])
    one_more = claimed(slots, crowd[4])
    slots.release(alone[2])
    third = claimed(slots, crowd[4])

    assert [claim.lease.space_id for claim in alone] == [actors[0].space.id] * 4
    assert [next_one.lease.run_id, one_more.lease.run_id] == [waiting[0].id, waiting[1].id]
    assert third.lease.run_id == crowd[4].id


def test_while_another_tenant_waits_one_tenant_gets_at_most_half_over_all_its_spaces(
    actors: tuple[Actor, Actor],
):
    slots = Slots("execution", owner=new_id(), count=4)
    sister = make_actor(space=make_space(tenant=actors[0].tenant))
    held = [claimed(slots, start_again(actor)) for actor in (actors[0], sister)]
    crowd, guest = [start_again(actor) for actor in (actors[0], sister)], start_again(actors[1])

    first = claimed(slots, crowd[0])
    second = claimed(slots, crowd[0])

    assert len({claim.lease.space_id for claim in held}) == 2
    assert [first.lease.run_id, second.lease.run_id] == [guest.id, crowd[0].id]


def test_of_one_tenants_spaces_none_gets_more_than_half_while_another_waits(actors: tuple[Actor, Actor]):
    slots = Slots("execution", owner=new_id(), count=4)
    sister = make_actor(space=make_space(tenant=actors[0].tenant))
    crowd = [start_again(actors[0]) for _ in range(3)]
    held = [claimed(slots, run) for run in crowd[:2]]
    waiting = start_again(sister)

    claim = claimed(slots, crowd[2])

    assert [one.lease.run_id for one in held] == [run.id for run in crowd[:2]]
    assert claim.lease.run_id == waiting.id


def test_newcomers_share_the_spare_places_of_two_workers_that_one_tenant_has_filled(
    actors: tuple[Actor, Actor],
):
    crowd, newcomer, third = make_actor(), *actors
    workers = [Slots("objective", owner=new_id(), count=4, spare=4) for _ in range(2)]
    for slots in workers:
        assert slots.claim_spare() is None
        for _ in range(4):
            assert slots.claim(begin(crowd).id) is not None
    waiting = {actor.space.id: [begin(actor).id for _ in range(9)] for actor in (crowd, newcomer, third)}
    RunHead.objects.filter(run_id__in=waiting[third.space.id]).update(
        available_at=timezone.now() + timedelta(hours=1)
    )

    early = [claim for slots in workers for claim in all_spare(slots)]
    RunHead.objects.filter(run_id__in=waiting[third.space.id]).update(available_at=timezone.now())
    late = [claim for slots in workers for claim in all_spare(slots)]

    assert [claim.lease.space_id for claim in early] == [newcomer.space.id] * 4
    assert [claim.lease.space_id for claim in late] == [third.space.id] * 2
    assert [claim.lease.run_id for claim in early] == waiting[newcomer.space.id][:4]
    assert [slots.busy for slots in workers] == [7, 7]


def test_nobody_waits_for_a_space_that_has_nothing_to_do(actors: tuple[Actor, Actor]):
    slots = Slots("execution", owner=new_id(), count=2)
    runs = [start_again(actors[0]) for _ in range(2)]

    assert [claimed(slots, run).lease.run_id for run in runs] == [run.id for run in runs]


def test_with_a_single_slot_waiting_spaces_take_turns(actors: tuple[Actor, Actor]):
    slots = Slots("execution", owner=new_id(), count=1)
    crowd, guest = [start_again(actors[0]) for _ in range(3)], start_again(actors[1])
    order = []

    for run in (*crowd, guest):
        claim = claimed(slots, run)
        order.append(claim.lease.run_id)
        slots.release(claim)

    assert order[:2] == [crowd[0].id, guest.id]
    assert set(order[2:]) == {crowd[1].id, crowd[2].id}


def test_a_ticket_of_a_run_that_is_gone_takes_another_or_nothing(actors: tuple[Actor, Actor]):
    slots = Slots("execution", owner=new_id(), count=4)
    run = start_again(actors[0])

    claim = claimed(slots, start_again(actors[1]), ticket=new_id())

    assert claim.lease.run_id == run.id
    assert claimed(slots, run).lease.run_id != run.id
    assert slots.claim(run.id) is None


def test_finding_the_oldest_run_costs_the_same_behind_a_long_queue(actors: tuple[Actor, Actor]):
    first, guest = start_again(actors[0]), start_again(actors[1])
    _queue(20_000, first)

    wanted = {"kind": "execution", "avoid": [first.space_id], "most": 16}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE executions_runhead")
        cursor.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {OLDEST_WAITING}",
            wanted,
        )
        plan = cursor.fetchone()[0][0]
        cursor.execute(OLDEST_WAITING, wanted)
        found = [row[0] for row in cursor.fetchall()]
    RunHead.objects.filter(space_id=first.space_id).delete()

    assert found == [guest.id]
    assert "head_waiting" in str(plan)
    assert "Seq Scan" not in str(plan)
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 100


def claimed(slots: Slots, run: SkillExecution, *, ticket: uuid.UUID | None = None) -> SlotClaim:
    """What a slot takes that holds the run's ticket, or another."""
    claim = slots.claim(ticket or run.id)
    assert claim is not None
    return claim


def all_spare(slots: Slots) -> list[SlotClaim]:
    """What a worker takes beyond its places, until it takes nothing more."""
    return list(iter(slots.claim_spare, None))


def begin(actor: Actor) -> Objective:
    """An objective that waits for its first worker."""
    return begin_objective(actor, make_published_agent(actor))


def _queue(count: int, like: SkillExecution) -> None:
    now = timezone.now()
    RunHead.objects.bulk_create(
        RunHead(
            run_id=new_id(),
            kind="execution",
            space_id=like.space_id,
            available_at=now + timedelta(microseconds=number),
        )
        for number in range(count)
    )


def test_a_run_whose_worker_was_lost_does_not_go_behind_the_backlog(actors: tuple[Actor, Actor]):
    make_skill(tenant=actors[0].tenant, slug="patient", max_attempts=2)
    lost = start_again(actors[0], "patient")
    for_jobs("DELETE FROM procrastinate_jobs")
    assert begin_run(lost.id, "execution", owner=new_id(), now=timezone.now()) is not None
    backlog = [start_again(actors[0]) for _ in range(3)]
    RunHead.objects.filter(pk=lost.id).update(lease_until=timezone.now() - timedelta(seconds=1))

    heal("execution", lost.id, now=timezone.now())
    for_jobs("UPDATE procrastinate_jobs SET scheduled_at = NULL")  # its backoff has passed

    assert taken_tickets() == [str(run.id) for run in (lost, *backlog)]


def test_an_objective_whose_worker_was_lost_does_not_go_behind_the_backlog(actors: tuple[Actor, Actor]):
    agent = make_published_agent(actors[0])
    lost = begin_objective(actors[0], agent)
    for_jobs("DELETE FROM procrastinate_jobs")
    assert begin_run(lost.id, "objective", owner=new_id(), now=timezone.now()) is not None
    backlog = [begin_objective(actors[0], agent) for _ in range(3)]
    RunHead.objects.filter(pk=lost.id).update(lease_until=timezone.now() - timedelta(seconds=1))

    heal("objective", lost.id, now=timezone.now())
    for_jobs("UPDATE procrastinate_jobs SET scheduled_at = NULL")  # its backoff has passed

    assert taken_tickets() == [str(run.id) for run in (lost, *backlog)]


def test_what_ended_runs_have_to_tell_does_not_starve_behind_those_that_are_tried_again():
    for_jobs("DELETE FROM procrastinate_jobs")
    child, tried = new_id(), [new_id() for _ in range(4)]
    enqueue_run(new_id(), "objective")
    for run_id in tried[:2]:
        enqueue_run(run_id, "objective", priority=AT_FRONT)
    with transaction.atomic():
        enqueue_continuation("objectives.child_ended", child)
    for run_id in tried[2:]:
        enqueue_run(run_id, "objective", priority=AT_FRONT)

    assert taken_tickets()[:4] == [str(run_id) for run_id in (*tried[:2], child, tried[2])]


def for_jobs(statement: LiteralString) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


_OF_JOB = "coalesce(args->>'run_id', args->>'row_id')"


def taken_tickets() -> list[str]:
    """The runs and rows whose jobs wait, in the order in which a worker gets them."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        (worker,) = cursor.fetchone()
        taken = []
        while True:
            cursor.execute(f"SELECT {_OF_JOB} FROM procrastinate_fetch_job_v2(NULL, %s)", [worker])
            (run_id,) = cursor.fetchone()
            if run_id is None:
                return taken
            taken.append(run_id)
