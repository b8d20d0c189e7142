"""The sweeper looks after what nobody looks after, whoever else sweeps at the same time."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from executions.actions.cancellation import request_cancel
from executions.actions.claim import claim
from executions.actions.sub_executions import start_sub_execution
from executions.models import RunHead, SkillExecution, WorkerNode
from executions.runs.claims import called
from executions.runs.lease import Lease
from executions.runs.registry import begin_run
from executions.runs.worker.sweeper import ADVISORY_LOCK, sweep_once
from spaces.ids import new_id
from tests.executions.runs.worker.attempts import data_of, fresh, kinds, start
from tests.factories import Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
JOBS = ProcrastinateJob.objects


@pytest.fixture(autouse=True)
def _nothing_else_to_do(committed: None) -> None:
    left = RunHead.objects.exclude(state="ended")
    left.update(state="ended", available_at=None, lease_owner=None, lease_until=None)
    _delete_jobs()


def leased(**skill: Any) -> tuple[SkillExecution, Lease, Actor]:
    actor = make_actor()
    execution = start("", actor=actor, **skill)
    lease = begin_run(kind="execution", run_id=execution.id, owner=new_id(), now=timezone.now())
    assert lease is not None
    # It is over when a test says so, and not by itself while the test is slow.
    RunHead.objects.filter(pk=execution.id).update(lease_until=timezone.now() + 3600 * SECOND)
    return execution, lease, actor


def expire(*leases: Lease) -> None:
    """As if their worker had vanished some time ago."""
    ids = [lease.run_id for lease in leases]
    RunHead.objects.filter(run_id__in=ids).update(lease_until=timezone.now() - SECOND)


def test_a_run_of_a_vanished_worker_fails_where_its_skill_allows_one_attempt():
    execution, lease, _ = leased()
    expire(lease)

    sweep_once()

    assert (fresh(execution).state, fresh(execution).failure_reason) == ("failed", "worker_lost")


def test_a_run_of_a_vanished_worker_waits_for_its_next_attempt_where_there_is_one():
    execution, lease, _ = leased(max_attempts=2)
    _delete_jobs()
    expire(lease)

    sweep_once()

    retried = data_of(execution, "execution.retried")[0]
    assert (fresh(execution).state, retried["reason"], retried["attempt"]) == ("queued", "worker_lost", 1)
    job = JOBS.get()
    assert job.args == {"run_id": str(execution.id), "kind": "execution"}
    pause = job.scheduled_at - timezone.now()
    assert 0 * SECOND < pause <= 2 * SECOND
    assert begin_run(kind="execution", run_id=execution.id, owner=new_id(), now=timezone.now()) is None


def test_a_live_lease_is_left_alone():
    execution, _, _ = leased()

    assert sweep_once() == 0
    assert fresh(execution).state == "running"


def test_a_cancel_that_nobody_confirms_is_forced_after_ten_seconds():
    (early, _, actor), (late, _, other) = leased(), leased()
    for execution, by, ago in ((early, actor, 9), (late, other, 11)):
        request_cancel(access=by.access, execution_id=execution.id, now=timezone.now())
        asked_at = timezone.now() - ago * SECOND
        RunHead.objects.filter(pk=execution.id).update(cancel_requested_at=asked_at)

    sweep_once()

    assert (fresh(early).state, fresh(late).state) == ("running", "cancelled")
    assert data_of(late, "execution.cancelled")[0]["forced"] is True


def test_a_cancelled_run_of_a_vanished_worker_ends_as_cancelled():
    execution, lease, actor = leased(max_attempts=3)
    request_cancel(access=actor.access, execution_id=execution.id, now=timezone.now())
    expire(lease)

    sweep_once()

    assert fresh(execution).state == "cancelled"


@pytest.mark.parametrize(("max_attempts", "ends"), [(1, ("failed", "failed")), (2, ("queued", "queued"))])
def test_a_sub_execution_shares_the_fate_of_its_caller(max_attempts: int, ends: tuple[str, str]):
    parent, lease, actor = leased(max_attempts=max_attempts, skills="[child]")
    make_skill(slug="child", tenant=actor.tenant)
    child = start_sub_execution(
        lease=lease, call_key="k", slug="child", inputs={"text": "a"}, files=[], now=timezone.now()
    )
    inner = claim(called(child.id), owner=lease.owner, now=timezone.now())
    assert inner is not None
    expire(lease, inner)

    sweep_once()

    assert (fresh(parent).state, fresh(child).state) == ends
    assert fresh(child).failure_reason == fresh(parent).failure_reason
    assert RunHead.objects.get(pk=child.id).available_at is None


def test_what_an_ended_caller_left_open_is_ended():
    parent, lease, actor = leased(skills="[child]")
    make_skill(slug="child", tenant=actor.tenant)
    child = start_sub_execution(
        lease=lease, call_key="k", slug="child", inputs={"text": "a"}, files=[], now=timezone.now()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE executions_skillexecution SET state = 'succeeded', finished_at = now() WHERE id = %s",
            [parent.id],
        )
    RunHead.objects.filter(pk=parent.id).update(state="ended", lease_owner=None, lease_until=None)

    sweep_once()

    assert fresh(child).state == "cancelled"


def test_a_run_without_a_job_gets_exactly_one_after_thirty_seconds():
    executions = [start(""), start("")]
    _delete_jobs()
    old = timezone.now() - 31 * SECOND
    RunHead.objects.filter(pk=executions[0].id).update(available_at=old)

    sweep_once()
    sweep_once()

    assert [job.args for job in JOBS.all()] == [{"run_id": str(executions[0].id), "kind": "execution"}]


def test_a_waiting_run_whose_job_is_there_gets_no_other():
    execution = start("")
    RunHead.objects.filter(pk=execution.id).update(available_at=timezone.now() - 60 * SECOND)

    sweep_once()

    assert JOBS.count() == 1


def test_jobs_of_vanished_workers_are_deleted_and_continuations_repeated():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()), (now() - interval '31 s')"
            " RETURNING id"
        )
        living, vanished = (row[0] for row in cursor.fetchall())
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id) VALUES"
            " ('runs', 'executions.advance', 'doing', %s), ('runs', 'executions.advance', 'doing', %s),"
            " ('runs', 'objectives.resume', 'doing', %s)",
            [living, vanished, vanished],
        )

    sweep_once()

    assert set(JOBS.values_list("task_name", "status", "worker_id")) == {
        ("executions.advance", "doing", living),
        ("objectives.resume", "todo", vanished),
    }


def test_only_one_sweeps_at_a_time():
    execution, lease, _ = leased()
    expire(lease)
    held, done = threading.Event(), threading.Event()

    def sweep_for_long() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
            held.set()
            done.wait(60)
        connection.close()

    other = threading.Thread(target=sweep_for_long)
    other.start()
    held.wait(60)
    while_held = sweep_once()
    done.set()
    other.join(60)

    assert (while_held, fresh(execution).state) == (0, "running")
    assert sweep_once() == 1


def test_many_sweepers_at_once_decide_once():
    leases = [leased(max_attempts=2) for _ in range(5)]
    expire(*(lease for _, lease, _ in leases))
    gate = threading.Barrier(6)

    def sweep() -> None:
        gate.wait(60)
        for _ in range(3):
            sweep_once()
        connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    for execution, _, _ in leases:
        assert kinds(execution) == ["execution.queued", "execution.started", "execution.retried"]


def test_a_run_that_is_stuck_in_somebodys_transaction_does_not_hold_up_the_others():
    (stuck, first, _), (other, second, _) = leased(), leased()
    expire(first, second)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            RunHead.objects.select_for_update().get(pk=stuck.id)
            held.set()
            done.wait(60)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    sweep_once()
    states = fresh(stuck).state, fresh(other).state
    done.set()
    holder.join(60)

    assert states == ("running", "failed")


def test_processes_that_have_not_been_seen_for_an_hour_are_forgotten():
    now = timezone.now()
    rows = [
        WorkerNode(host="h", pid=1, concurrency=1, started_at=now, seen_at=now - minutes * 60 * SECOND)
        for minutes in (1, 61)
    ]
    WorkerNode.objects.bulk_create(rows)

    sweep_once()

    assert list(WorkerNode.objects.values_list("id", flat=True)) == [rows[0].id]


def _delete_jobs() -> None:
    """By SQL: procrastinate's models are read-only."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
