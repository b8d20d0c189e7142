"""Leases are kept while they can be, and a worker that cannot keep one stops and writes nothing."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from executions.actions.leased import finish_succeeded
from executions.models import LateUsage, RunHead, SkillExecution
from executions.runner.recorder import Recorder
from executions.runs.lease import GIVE_UP_SECONDS, HEARTBEAT_SECONDS, LEASE_SECONDS, Lease, LeaseLost
from executions.runs.registry import begin_run
from executions.runs.verbs import heal
from executions.runs.wakeups import run_topic, worker_topic
from executions.runs.worker import heartbeat
from executions.runs.worker.heartbeat import IN_LINE_AFTER, LOOK_SECONDS, TICK_SECONDS, LeaseKeeper
from executions.runs.worker.stop_signal import StopSignal
from spaces.ids import new_id
from tests.executions.runs.worker.attempts import fresh, kinds, start
from tests.executions.runs.worker.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    """A monotonic clock that stands still and can jump: what is slow loses no lease by it."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(committed: None, clock: Clock) -> Iterator[LeaseKeeper]:
    keeper = LeaseKeeper(clock)
    keeper.start()
    yield keeper
    keeper.stop()


def leased() -> tuple[SkillExecution, Lease]:
    execution = start("")
    lease = begin_run(kind="execution", run_id=execution.id, owner=new_id(), now=timezone.now())
    assert lease is not None
    return execution, lease


def test_a_held_lease_is_renewed_before_it_is_over(keeper: LeaseKeeper, clock: Clock):
    execution, lease = leased()
    until = RunHead.objects.get(pk=execution.id).lease_until
    stop = StopSignal()

    with keeper.holding(lease, stop, Recorder(lease, stop), taken_at=clock()) as held:
        clock.now += HEARTBEAT_SECONDS
        wait_until(lambda: RunHead.objects.get(pk=execution.id).lease_until > until)
        wait_until(lambda: held.renewed_at == clock.now)

        assert not stop.is_set()


def test_a_wake_up_for_a_run_is_looked_into_at_once(
    committed: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(heartbeat, "LOOK_SECONDS", 60)
    keeper, (execution, lease), stop = LeaseKeeper(clock), leased(), StopSignal()
    keeper.start()
    try:
        with keeper.holding(lease, stop, Recorder(lease, stop), taken_at=clock()):
            RunHead.objects.filter(pk=execution.id).update(cancel_requested_at=timezone.now())
            keeper.hear(f"{run_topic(execution.id)} 7\n{worker_topic(new_id())} 1")
            time.sleep(0.2)
            assert not stop.is_set()
            keeper.hear(f"{worker_topic(execution.id)} 1")
            wait_until(stop.is_set)
    finally:
        keeper.stop()


def test_a_cancel_is_seen_within_half_a_second(keeper: LeaseKeeper, clock: Clock):
    execution, lease = leased()
    stop = StopSignal()

    with keeper.holding(lease, stop, Recorder(lease, stop), taken_at=clock()):
        RunHead.objects.filter(pk=execution.id).update(cancel_requested_at=timezone.now())
        wait_until(stop.is_set)

    assert stop.reason == "cancelled"
    assert LOOK_SECONDS <= 0.5


def test_a_lease_that_somebody_took_stops_the_run(keeper: LeaseKeeper, clock: Clock):
    execution, lease = leased()
    stop = StopSignal()

    with keeper.holding(lease, stop, Recorder(lease, stop), taken_at=clock()) as held:
        RunHead.objects.filter(pk=execution.id).update(fence=lease.fence + 1)
        wait_until(stop.is_set)

        assert held.is_lost
    assert stop.reason == "lease_lost"


def test_a_worker_that_could_not_renew_for_six_seconds_gives_up_before_anybody_heals(
    keeper: LeaseKeeper, clock: Clock
):
    _, lease = leased()
    stop = StopSignal()

    with keeper.holding(lease, stop, Recorder(lease, stop), taken_at=clock()), HeadLocked(lease):
        clock.now += GIVE_UP_SECONDS
        wait_until(stop.is_set)

    assert stop.reason == "lease_lost"
    assert GIVE_UP_SECONDS < LEASE_SECONDS


def test_a_head_that_is_locked_does_not_cost_the_worker_its_other_leases(keeper: LeaseKeeper, clock: Clock):
    (_, stuck), (other, lease) = leased(), leased()
    stops = StopSignal(), StopSignal()

    with (
        keeper.holding(stuck, stops[0], Recorder(stuck, stops[0]), taken_at=clock()),
        keeper.holding(lease, stops[1], Recorder(lease, stops[1]), taken_at=clock()),
        HeadLocked(stuck),
    ):
        until = RunHead.objects.get(pk=other.id).lease_until
        clock.now += HEARTBEAT_SECONDS
        wait_until(lambda: RunHead.objects.get(pk=other.id).lease_until > until)


def test_a_lease_whose_head_others_have_all_the_time_stands_in_line_for_it(keeper: LeaseKeeper, clock: Clock):
    _, lease = leased()
    stop = StopSignal()

    with keeper.holding(lease, stop, Recorder(lease, stop), taken_at=clock()), HeadLocked(lease):
        clock.now += IN_LINE_AFTER
        wait_until(someone_waits_for_a_lock)
        assert not stop.is_set()


def someone_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE '%lease_until%')"
        )
        return bool(cursor.fetchone()[0])


def test_a_late_write_is_refused_and_its_usage_kept_beside_the_row():
    execution, lease = leased()
    stop = StopSignal()
    recorder = Recorder(lease, stop)
    recorder.progress(fraction=None, message="the first of a burst is written at once")
    recorder.usage(model="m", input_tokens=7, output_tokens=1, cost_usd=0)
    RunHead.objects.filter(pk=execution.id).update(lease_until=timezone.now() - timedelta(seconds=1))
    heal("execution", execution.id, now=timezone.now())
    log = kinds(execution)

    recorder.flush()
    with pytest.raises(LeaseLost):
        finish_succeeded(lease=lease, outputs={}, now=timezone.now())

    assert stop.reason == "lease_lost"
    assert (fresh(execution).failure_reason, kinds(execution)) == ("worker_lost", log)
    assert fresh(execution).input_tokens == 0
    assert LateUsage.objects.get(execution=execution).input_tokens == 7


def test_what_waits_is_written_within_moments_without_anything_following_it(
    keeper: LeaseKeeper, clock: Clock
):
    execution, lease = leased()
    stop = StopSignal()
    recorder = Recorder(lease, stop)

    with keeper.holding(lease, stop, recorder, taken_at=clock()):
        recorder.progress(fraction=0.5, message="half")
        recorder.progress(fraction=0.6, message="a little more")
        wait_until(lambda: kinds(execution).count("execution.progressed") == 2)

    assert TICK_SECONDS <= 0.1


class HeadLocked:
    """Keeps the head of one lease locked in another session."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._held, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold)

    def __enter__(self) -> None:
        self._thread.start()
        assert self._held.wait(60)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(60)

    def _hold(self) -> None:
        with transaction.atomic():
            RunHead.objects.select_for_update().get(pk=self._lease.run_id)
            self._held.set()
            self._done.wait(60)
        connection.close()


def test_an_old_attempt_that_leaves_late_does_not_take_the_new_lease_along(keeper: LeaseKeeper, clock: Clock):
    _, lease = leased()
    older = replace(lease, fence=lease.fence - 1)
    late_stop, stop = StopSignal(), StopSignal()
    late = keeper.holding(older, late_stop, Recorder(older, late_stop), taken_at=clock())
    with keeper.holding(lease, stop, Recorder(lease, stop), taken_at=clock()):
        with late:
            wait_until(late_stop.is_set)
        with HeadLocked(lease):  # nobody can renew it
            clock.now += GIVE_UP_SECONDS
            wait_until(stop.is_set)

    assert stop.reason == "lease_lost"


def test_writing_to_the_log_renews_the_lease():
    execution, lease = leased()
    before = RunHead.objects.get(pk=execution.id).lease_until
    recorder = Recorder(lease, StopSignal())
    recorder.progress(fraction=0.5, message="half")

    recorder.flush()

    after = RunHead.objects.get(pk=execution.id).lease_until
    assert before is not None
    assert after is not None
    assert after > before
    assert recorder.renewed_at > 0


def test_whoever_stops_a_run_tells_its_sandbox_in_their_own_thread():
    stop, heard = StopSignal(), list[str]()

    with stop.told(heard.append):
        stop.set("cancelled")
    stop.set("shutdown")

    assert heard == ["cancelled"]
    with stop.told(heard.append):
        assert heard == ["cancelled", "cancelled"]
