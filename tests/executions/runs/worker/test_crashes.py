"""Workers that are killed or stopped: what becomes of their runs, by the clock."""

import time
from pathlib import Path

import psutil
import pytest

from executions.models import SkillExecution, WorkerNode
from executions.runs.lease import LEASE_SECONDS, SWEEP_SECONDS
from tests.executions.runs.live.server import running_server
from tests.executions.runs.worker.attempts import data_of, fresh, kinds, start
from tests.executions.runs.worker.processes import Worker, wait_until, worker
from tests.factories import Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)

HEAL_SECONDS = 15  # the most that a deployment may need
HEAD = "from callboard_skill import *\nimport time\n"
ENDLESS = HEAD + "progress(0.1)\ntime.sleep(100)"
QUICK = HEAD + "output(ok=1)"
CALLER = HEAD + "output(**call_skill('child', {'text': 'go'}, call_key='k').outputs)"


def start_caller(actor: Actor, slug: str, *, max_attempts: int) -> SkillExecution:
    return start(CALLER, actor=actor, slug=slug, skills="[child]", max_attempts=max_attempts)


def child_of(parent: SkillExecution) -> SkillExecution | None:
    return SkillExecution.objects.filter(parent=parent).first()


def is_busy(run: SkillExecution | None) -> bool:
    return run is not None and "execution.progressed" in kinds(run)


def make_quick(run: SkillExecution) -> None:
    """Let the next attempt run another bundle: the same one would be as slow again."""
    version = make_skill(slug=run.skill_slug, version="1.0.1", script=QUICK, tenant=run.tenant)
    SkillExecution.objects.filter(pk=run.id).update(skill_version=version)


def test_what_a_killed_worker_of_one_slot_ran_is_healed_within_fifteen_seconds(
    committed: None, tmp_path: Path
):
    actor = make_actor()
    make_skill(slug="child", tenant=actor.tenant, script=ENDLESS)
    # Two workers with one slot each: parent and sub-execution share it, and nothing else is running.
    with (
        running_server(),
        worker(tmp_path / "a", "--concurrency", "1") as first,
        worker(tmp_path / "b", "--concurrency", "1") as second,
    ):
        doomed = (first, second)
        once = start_caller(actor, "once", max_attempts=1)
        twice = start_caller(actor, "twice", max_attempts=2)
        wait_until(lambda: is_busy(child_of(once)) and is_busy(child_of(twice)))
        sandboxes = [each for one in doomed for each in psutil.Process(one.pid).children(recursive=True)]
        for one in doomed:
            one.kill()
        died = wait_until(lambda: not any(map(is_alive, sandboxes)))
        left = [folder for one in doomed for folder in one.run_dir.iterdir()]
        healed = wait_until(lambda: fresh(once).is_over and fresh(twice).state == "queued")
        wait_until(lambda: child_of(twice).state == "queued")
        make_quick(child_of(twice))
        with worker(tmp_path / "a", "--concurrency", "1"), worker(tmp_path / "b", "--concurrency", "1"):
            wait_until(lambda: fresh(twice).is_over)

    assert sandboxes
    assert died < 30  # each would sleep for 100
    assert healed < 60
    assert LEASE_SECONDS + SWEEP_SECONDS < HEAL_SECONDS
    assert (fresh(once).failure_reason, child_of(once).failure_reason) == ("worker_lost", "worker_lost")
    assert (fresh(twice).state, fresh(twice).outputs, fresh(twice).attempt) == ("succeeded", {"ok": 1}, 2)
    assert kinds(twice).count("sub_execution.started") == 1
    assert kinds(child_of(twice)).count("execution.started") == 2
    assert len(left) == 2
    assert not any(folder.exists() for folder in left)


def test_a_stopped_worker_lets_runs_finish_and_hands_back_what_takes_too_long(
    committed: None, tmp_path: Path
):
    actor = make_actor()
    with worker(tmp_path, "--concurrency", "2", "--grace", "5") as first:
        pid = first.pid
        short = start(f"{HEAD}progress(0.1)\ntime.sleep(1)\noutput(ok=1)", actor=actor, slug="short")
        long = start(ENDLESS, actor=actor, slug="long")
        wait_until(lambda: is_busy(short) and is_busy(long))
        first.process.terminate()
        wait_until(lambda: "Stopping" in first.log.read_text())
        late = start(QUICK, actor=actor, slug="late")
        status = first.process.wait(60)
        ends = [(fresh(run).state, fresh(run).attempt) for run in (short, long, late)]
        left = list(first.run_dir.iterdir())
        make_quick(long)

    assert status == 0
    assert ends == [("succeeded", 1), ("queued", 0), ("queued", 0)]
    assert data_of(long, "execution.retried")[0]["reason"] == "shutdown"
    assert not WorkerNode.objects.filter(pid=pid).exists()
    assert left == []
    with worker(tmp_path, "--concurrency", "1", "--grace", "90") as second:
        wait_until(lambda: fresh(long).is_over and fresh(late).is_over)
        assert [(fresh(run).state, fresh(run).attempt) for run in (long, late)] == [("succeeded", 1)] * 2
        _stop_twice(second, start(ENDLESS, actor=actor))


def _stop_twice(stopping: Worker, run: SkillExecution) -> None:
    """The second signal ends a grace that has hardly begun."""
    wait_until(lambda: is_busy(run))
    said = stopping.log.read_text()
    stopping.process.terminate()
    wait_until(lambda: "Stopping" in stopping.log.read_text().removeprefix(said))
    still = fresh(run).state
    begun = time.monotonic()
    stopping.process.terminate()
    status = stopping.process.wait(60)

    assert (still, status, fresh(run).state) == ("running", 0, "queued")
    assert time.monotonic() - begun < 45  # it would have waited for 90


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
