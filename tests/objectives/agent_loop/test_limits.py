"""A provider's limit means all who ask with a credential: they wait together, in all workers."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from executions.inference.errors import Limited, ModelUnavailable
from executions.inference.gates import FIRST
from executions.models import RunHead
from executions.runs.worker.context import Bench
from objectives.model_providers.pauses import note_pause
from objectives.models import BrokenRequest, Objective, ProviderPause
from tests.executions.inference.asking import KEY, models_entry
from tests.executions.inference.provider_server import Answer
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.killing import NewWorker
from tests.objectives.agent_loop.test_outages import GOOD, SCRIPT, away, is_over
from tests.objectives.agent_loop.test_providers import provided, work_again
from tests.objectives.agent_loop.working import fresh, head_of, payloads, start, work
from tests.objectives.factories import make_model, make_provider_key

pytestmark = pytest.mark.django_db

LONG = {"Retry_After": "300"}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def test_whoever_asks_next_with_the_same_key_is_not_even_heard(actor: Actor, bench: Bench, settings: Any):
    with provided(settings, away(429, **LONG), GOOD) as server:
        work(start(actor, script=SCRIPT), bench)
        other = work(start(make_actor(), script=SCRIPT), bench)

    assert len(server.received) == 1
    assert (other.state, other.failures, other.asked_at, head_of(other).state) == (
        "running",
        0,
        None,
        "queued",
    )
    assert timedelta(seconds=290) < other.next_try_at - timezone.now() < timedelta(seconds=400)
    (lost,) = payloads(other, "notice")
    assert "wants to be left alone" in lost["message"]
    assert not BrokenRequest.objects.exists()


@pytest.mark.parametrize("status", [503, 529])
def test_an_overload_that_says_how_long_means_all(actor: Actor, bench: Bench, settings: Any, status: int):
    with provided(settings, away(status, **LONG), GOOD) as server:
        work(start(actor, script=SCRIPT), bench)
        work(start(actor, script=SCRIPT), bench)

    assert len(server.received) == 1


@pytest.mark.parametrize("answer", [away(503), away(500, **LONG), away(408, **LONG)])
def test_what_is_said_of_one_request_means_no_other(
    actor: Actor, bench: Bench, settings: Any, answer: Answer
):
    with provided(settings, answer, GOOD):
        work(start(actor, script=SCRIPT), bench)
        other = work(start(actor, script=SCRIPT), bench)

    assert other.state == "waiting"


def test_another_credential_is_asked(actor: Actor, bench: Bench, settings: Any):
    with provided(settings, away(429, **LONG), GOOD) as server:
        work(start(actor, script=SCRIPT), bench)
        settings.MODELS = {"paid": models_entry(server.url, api_key="wild-otter-7731")}
        other = work(start(actor, script=SCRIPT), bench)

    assert other.state == "waiting"


def test_once_it_is_over_everybody_goes_on(actor: Actor, bench: Bench, settings: Any):
    with provided(settings, away(429, **LONG), GOOD):
        both = [work(start(actor, script=SCRIPT), bench) for _ in range(2)]
        for one in both:
            is_over(one)
        both = [work_again(one, bench) for one in both]

    assert [one.state for one in both] == ["waiting", "waiting"]
    assert [one.provider_unavailable_since for one in both] == [None, None]


def test_a_workspaces_own_key_holds_back_nobody_elses(actor: Actor, bench: Bench, settings: Any):
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.0/8"]
    with provided(settings, away(429, **LONG), GOOD) as server:
        config = {"type": "openaiCompatible", "openaiCompatible": {"baseUrl": f"{server.url}/v1"}}

        def begun() -> Objective:
            """Of a key of its own, although its value is that of all others."""
            key = make_provider_key(space=actor.space, credential={"apiKey": KEY}, config=config)
            return start(actor, script=SCRIPT, model=make_model(provider_key=key))

        first = begun()
        again = start(actor, script=SCRIPT, model=first.variation.model)
        work(first, bench)
        held, free = work(again, bench), work(begun(), bench)

    assert (held.state, free.state) == ("running", "waiting")
    assert len(server.received) == 2


def test_the_longest_wait_holds():
    now, limited = timezone.now(), Limited("calm-heron", None)
    for seconds in (5, 300, 7):
        note_pause(ModelUnavailable("Later.", retry_after=seconds, limited=limited), now=now)

    assert ProviderPause.objects.get(credential="calm-heron").until == now + timedelta(seconds=300)


def test_a_worker_asks_nobody_meanwhile_and_few_at_first(
    actor: Actor, settings: Any, new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch
):
    with provided(settings, away(429, Retry_After="4"), GOOD) as server:
        monkeypatch.setenv("MODELS", json.dumps(settings.MODELS))
        monkeypatch.setenv("DEFAULT_MODEL", settings.DEFAULT_MODEL)
        objectives = [start(actor, script=SCRIPT)]
        with new_worker():
            wait_until(lambda: fresh(objectives[0]).next_try_at)
            objectives += [start(actor, script=SCRIPT) for _ in range(15)]
            wait_until(lambda: all(fresh(one).state == "waiting" for one in objectives))

    over_at = server.received[0].at + 4
    assert len([one for one in server.received if one.at < over_at]) == 1
    assert len([one for one in server.received if one.at < over_at + 1]) <= 1 + FIRST
    assert len(server.received) == 1 + len(objectives)


@pytest.fixture(autouse=True)
def _nothing_else_to_do(committed: None) -> Iterator[None]:
    yield
    RunHead.objects.exclude(state="ended").update(
        state="ended", lease_owner=None, lease_until=None, available_at=None
    )
    ProviderPause.objects.all().delete()
