"""What a worker's objectives have open at their provider: shared where they can, closed where they stop."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from executions.models import RunHead
from objectives.actions.cancellation import cancel_objective, interrupt_objective
from tests.executions.inference.provider_server import Answer
from tests.executions.inference.wire import chat_events
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.killing import NewWorker
from tests.objectives.agent_loop.test_outages import GOOD, SCRIPT
from tests.objectives.agent_loop.test_providers import provided
from tests.objectives.agent_loop.working import fresh, start

pytestmark = pytest.mark.django_db

A_MOMENT = 5.0  # two seconds on a quiet machine, most of them until the keeper looks


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def given_to(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Worker processes have the models of this one."""
    monkeypatch.setenv("MODELS", json.dumps(settings.MODELS))
    monkeypatch.setenv("DEFAULT_MODEL", settings.DEFAULT_MODEL)


def test_objectives_of_a_worker_share_a_connection(
    actor: Actor, settings: Any, new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch
):
    with provided(settings, GOOD) as server:
        given_to(monkeypatch, settings)
        with new_worker() as working:
            for _ in range(3):
                objective = start(actor, script=SCRIPT)
                wait_until(lambda one=objective: fresh(one).state == "waiting")
            working.stop()
        wait_until(lambda: not server.open, what="the closing at the worker's end")

    assert len({one.port for one in server.received}) == 1


@pytest.mark.parametrize("verb", ["interrupt", "cancel"])
def test_an_objective_that_is_stopped_closes_its_connection(
    actor: Actor, settings: Any, new_worker: NewWorker, *, monkeypatch: pytest.MonkeyPatch, verb: str
):
    held = Answer(events=chat_events("Let me think.", finish=None, usage=None, done=False), ending="hold")
    with provided(settings, held) as server:
        given_to(monkeypatch, settings)
        objective = start(actor, script=SCRIPT)
        with new_worker():
            wait_until(lambda: server.open)
            wait_until(lambda: fresh(objective).asked_at)
            which = {"access": actor.access, "objective_id": objective.id, "now": timezone.now()}
            interrupt_objective(**which) if verb == "interrupt" else cancel_objective(**which, reason="")
            wait_until(lambda: not server.open, timeout=A_MOMENT)
            wait_until(lambda: fresh(objective).state in {"waiting", "cancelled"}, timeout=A_MOMENT)


@pytest.fixture(autouse=True)
def _nothing_else_to_do(committed: None) -> Iterator[None]:
    yield
    RunHead.objects.exclude(state="ended").update(
        state="ended", lease_owner=None, lease_until=None, available_at=None
    )
