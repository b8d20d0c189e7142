"""Killing workers at a moment of one's choosing, and going on with others."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from django.utils import timezone

from executions.models import RunEvent, RunHead
from executions.runs.event_kinds import EventKind
from objectives.models import Objective
from tests.executions.runs.worker.processes import Worker, wait_until
from tests.objectives.agent_loop.working import fresh

type NewWorker = Callable[..., AbstractContextManager[Worker]]


def expire(*objectives: Objective) -> None:
    """As if the killed worker's leases were over: nobody has to wait for them."""
    ids = [objective.id for objective in objectives]
    running = RunHead.objects.filter(run_id__in=ids, state="running")
    running.update(lease_until=timezone.now() - timedelta(seconds=1))


def kill_when(new_worker: NewWorker, objective: Objective, check: Callable[[], object]) -> None:
    """Work on an objective until `check()` holds, and kill the worker there."""
    with new_worker() as working:
        wait_until(check, timeout=90)
        working.kill()
    expire(objective)


def go_on(new_worker: NewWorker, objective: Objective) -> Objective:
    """The objective once another worker has brought it to rest."""
    with new_worker():
        wait_until(lambda: fresh(objective).state in {"waiting", "failed"}, timeout=90)
    return fresh(objective)


def has_said(objective: Objective, text: str) -> bool:
    rows = RunEvent.objects.filter(run_id=objective.id, kind=EventKind.TEXT)
    return text in "".join(row.data["text"] for row in rows)
