"""A provider that does not answer for a while: what waits, how long, who sees it, and what it costs."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from executions.models import FeedEntry, RunEvent, RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.usage import tree_usage
from executions.runs.worker.context import Bench
from objectives.actions.cancellation import cancel_objective, interrupt_objective
from objectives.actions.continuation import compact_objective, continue_objective
from objectives.agent_loop.recovery import MOST_BROKEN
from objectives.models import BrokenRequest, Objective, ProviderPause
from spaces.models import Space
from tests.executions.inference.provider_server import Answer
from tests.executions.inference.wire import chat_events
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.killing import NewWorker
from tests.objectives.agent_loop.test_providers import DONE, provided, work_again
from tests.objectives.agent_loop.working import fresh, head_of, payloads, start, types, work

pytestmark = pytest.mark.django_db

SCRIPT = [{"answer": "Unheard."}]
GOOD = Answer(events=DONE)


def away(status: int = 503, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, {"error": {"message": "Come back later."}})


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def patience(actor: Actor, seconds: int) -> None:
    Space.objects.filter(pk=actor.space.pk).update(provider_patience_seconds=seconds)


def long_ago(objective: Objective, **since: float) -> None:
    """As if the outage had begun then, and what the provider asked for were over."""
    at = timezone.now() - timedelta(**since)
    Objective.objects.filter(pk=objective.pk).update(provider_unavailable_since=at, ask_not_before=None)


def say(actor: Actor, objective: Objective, message: str, *, enqueue: bool) -> None:
    continue_objective(
        access=actor.access, objective_id=objective.id, message=message, enqueue=enqueue, now=timezone.now()
    )


def test_an_outage_is_waited_out_said_once_and_not_paid(actor: Actor, bench: Bench, settings):
    outage = [away(503), away(529), away(429), away(500), away(408), away(409), away(425)]
    with provided(settings, *outage, GOOD) as server:
        objective = work(start(actor, script=SCRIPT), bench)
        since = objective.provider_unavailable_since
        for tries in range(1, len(outage)):
            assert (objective.state, objective.failures, head_of(objective).state) == (
                *("running", tries),
                "queued",
            )
            objective = work_again(objective, bench)
        assert objective.provider_unavailable_since == since
        objective = work_again(objective, bench)

    assert len(server.received) == len(outage) + 1
    assert types(objective)[2:] == ["RUNNING", "notice", "notice", "assistantMessage", "WAITING"]
    lost, found = payloads(objective, "notice")
    assert (lost["level"], lost["key"]) == ("LEVEL_WARN", "provider_unavailable")
    assert "Come back later." in lost["message"]
    assert (found["level"], found["key"], found["since"]) == (
        "LEVEL_INFO",
        "provider_available",
        lost["since"],
    )
    assert (objective.failures, objective.provider_unavailable_since, objective.next_try_at) == (
        0,
        None,
        None,
    )
    assert tree_usage(objective.id).cost_usd == Decimal("0.15")
    assert not BrokenRequest.objects.filter(objective=objective).exists()


def test_a_provider_that_is_not_there_is_waited_for(actor: Actor, bench: Bench, settings):
    with provided(settings, GOOD):
        pass  # nobody listens any more
    objective = work(start(actor, script=SCRIPT), bench)

    assert (objective.state, objective.error_type) == ("running", "")
    assert "the connection failed" in objective.provider_message


def test_the_row_says_when_it_is_asked_next_which_the_queue_keeps_to(actor: Actor, bench: Bench, settings):
    waits = []
    with provided(settings, away()):
        objective = work(start(actor, script=SCRIPT), bench)
        for _ in range(12):
            head = head_of(objective)
            assert objective.next_try_at == head.available_at
            waits.append((head.available_at - timezone.now()).total_seconds())
            objective = work_again(objective, bench)

    assert all(2**number / 2 < wait < 2**number * 1.25 for number, wait in enumerate(waits[:8]))
    assert all(295 < wait < 330 for wait in waits[9:])


def test_thousands_of_tries_are_no_trouble(actor: Actor, bench: Bench, settings):
    with provided(settings, away()):
        objective = work(start(actor, script=SCRIPT), bench)
        Objective.objects.filter(pk=objective.pk).update(failures=9_000)
        objective = work_again(objective, bench)

    assert (objective.state, objective.failures) == ("running", 9_001)


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry_After": "300"},
        {"Retry_After": "299.5"},
        {"retry_after_ms": "300000"},
        {"retry_after_ms": "10", "Retry_After": "300"},
    ],
)
def test_it_is_never_asked_before_it_said(actor: Actor, bench: Bench, settings, headers: dict[str, str]):
    with provided(settings, away(429, **headers), GOOD) as server:
        asked_at = timezone.now()
        objective = work(start(actor, script=SCRIPT), bench)
        until = objective.next_try_at
        assert until >= asked_at + timedelta(seconds=299)
        for _ in range(3):  # whoever takes it early leaves it alone
            objective = work_again(objective, bench)
            assert head_of(objective).available_at >= asked_at + timedelta(seconds=299)

    assert len(server.received) == 1
    assert objective.failures == 1
    assert len(payloads(objective, "notice")) == 1


def test_a_message_meanwhile_is_heard_and_asks_nobody_early(actor: Actor, bench: Bench, settings):
    with provided(settings, away(429, Retry_After="300"), GOOD) as server:
        objective = work(start(actor, script=SCRIPT), bench)
        due_at = head_of(objective).available_at
        say(actor, objective, "Hurry.", enqueue=True)
        compact_objective(access=actor.access, objective_id=objective.id, compaction=None, now=timezone.now())
        assert head_of(objective).available_at == due_at
        objective = work_again(objective, bench)
        assert len(server.received) == 1
        is_over(objective)
        objective = work_again(objective, bench)

    assert "Hurry." in str(server.received[1].body["messages"])
    assert objective.state == "waiting"


def is_over(objective: Objective) -> None:
    """As if what the provider asked for were over."""
    Objective.objects.filter(pk=objective.pk).update(ask_not_before=timezone.now())
    ProviderPause.objects.update(until=timezone.now())


def test_a_cancel_meanwhile_ends_it_at_once(actor: Actor, bench: Bench, settings):
    with provided(settings, away(429, Retry_After="300")):
        objective = work(start(actor, script=SCRIPT), bench)
    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=timezone.now())

    objective = fresh(objective)
    assert (objective.state, head_of(objective).state) == ("cancelled", "ended")
    assert (objective.provider_unavailable_since, objective.next_try_at) == (None, None)


def test_an_interrupt_meanwhile_lets_people_speak_but_nobody_be_asked_early(
    actor: Actor, bench: Bench, settings
):
    with provided(settings, away(429, Retry_After="300"), GOOD) as server:
        objective = work(start(actor, script=SCRIPT), bench)
        interrupt_objective(access=actor.access, objective_id=objective.id, now=timezone.now())
        stopped = fresh(objective)
        say(actor, objective, "Go on.", enqueue=False)
        objective = work(objective, bench)

        assert (stopped.state, stopped.provider_unavailable_since) == ("waiting", None)
        assert len(server.received) == 1
        assert (objective.state, objective.next_try_at > timezone.now() + timedelta(seconds=250)) == (
            "running",
            True,
        )
        is_over(objective)
        objective = work_again(objective, bench)

    assert objective.state == "waiting"
    assert len(server.received) == 2


def test_it_fails_once_its_spaces_patience_is_over(actor: Actor, bench: Bench, settings):
    patience(actor, 3600)
    with provided(settings, away()):
        objective = work(start(actor, script=SCRIPT), bench)
        long_ago(objective, minutes=59)
        objective = work_again(objective, bench)
        assert objective.state == "running"
        long_ago(objective, minutes=61)
        objective = work_again(objective, bench)

    assert (objective.state, objective.error_type) == ("failed", "provider_unavailable")
    assert "is unavailable since 20" in objective.state_message
    assert "gave up after 1 h 01 min" in objective.state_message
    assert (objective.provider_unavailable_since, objective.next_try_at) == (None, None)
    assert types(objective)[-2:] == ["error", "FAILED"]


def test_a_space_without_patience_does_not_wait(actor: Actor, bench: Bench, settings):
    patience(actor, 0)
    with provided(settings, away()):
        objective = work(start(actor, script=SCRIPT), bench)

    assert (objective.state, objective.error_type) == ("failed", "provider_unavailable")
    assert "does not wait" in objective.state_message


@pytest.mark.parametrize("asked", ["31536000", "99999999999999", "Wed, 01 Jan 3000 00:00:00 GMT"])
def test_a_wait_beyond_the_patience_ends_with_it_unasked(actor: Actor, bench: Bench, settings, asked: str):
    patience(actor, 600)
    with provided(settings, away(429, Retry_After=asked), GOOD) as server:
        objective = work(start(actor, script=SCRIPT), bench)
        assert objective.next_try_at - timezone.now() < timedelta(seconds=601)
        assert objective.state == "running"
        at = timezone.now() - timedelta(seconds=601)
        Objective.objects.filter(pk=objective.pk).update(provider_unavailable_since=at)
        objective = work_again(objective, bench)

    assert (objective.state, objective.error_type) == ("failed", "provider_unavailable")
    assert len(server.received) == 1


def test_answers_that_break_off_again_and_again_are_not_paid_for_ever(actor: Actor, bench: Bench, settings):
    cut = Answer(events=chat_events("It is ", finish=None, usage=None, done=False), ending="cut")
    with provided(settings, cut) as server:
        objective = work(start(actor, script=SCRIPT), bench)
        while objective.state == "running":
            objective = work_again(objective, bench)

    assert (objective.state, objective.error_type) == ("failed", "provider_unavailable")
    assert len(server.received) == BrokenRequest.objects.filter(objective=objective).count() == MOST_BROKEN


@pytest.mark.parametrize(
    "refusal",
    [
        (401, "invalid_api_key", "model_error"),
        (403, "forbidden", "model_error"),
        (404, "model_not_found", "model_error"),
        (429, "insufficient_quota", "quota_exceeded"),
        (402, "billing", "quota_exceeded"),
    ],
)
def test_what_waiting_does_not_help_ends_it_at_once(
    actor: Actor, bench: Bench, settings, refusal: tuple[int, str, str]
):
    status, code, error = refusal
    final = Answer(status, body={"error": {"message": "No.", "code": code, "type": code}})
    with provided(settings, final) as server:
        objective = work(start(actor, script=SCRIPT), bench)

    assert (objective.state, objective.error_type) == ("failed", error)
    assert len(server.received) == 1


def test_lost_workers_count_apart_from_outages(actor: Actor, bench: Bench, settings):
    with provided(settings, away()):
        objective = work(start(actor, script=SCRIPT), bench)
        Objective.objects.filter(pk=objective.pk).update(lost_worker_count=4)
        objective = work_again(objective, bench)

    assert (objective.state, objective.failures, objective.lost_worker_count) == ("running", 2, 0)


def test_the_feed_of_the_space_tells_of_it(actor: Actor, bench: Bench, settings):
    with provided(settings, away(), GOOD):
        objective = work_again(work(start(actor, script=SCRIPT), bench), bench)

    told = FeedEntry.objects.filter(run_id=objective.id).order_by("n").values_list("run_seq", flat=True)
    kinds = [RunEvent.objects.get(run_id=objective.id, seq=seq).kind for seq in told]
    assert [kind for kind in kinds if kind.startswith("provider")] == [
        EventKind.PROVIDER_LOST,
        EventKind.PROVIDER_FOUND,
    ]


def test_the_wait_outlives_the_worker_and_the_next_one_keeps_to_it(
    actor: Actor, settings, new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch
):
    with provided(settings, away(429, Retry_After="4"), GOOD) as server:
        monkeypatch.setenv("MODELS", json.dumps(settings.MODELS))
        monkeypatch.setenv("DEFAULT_MODEL", settings.DEFAULT_MODEL)
        objective = start(actor, script=SCRIPT)
        with new_worker() as first:
            wait_until(lambda: fresh(objective).next_try_at)
            due_at = fresh(objective).ask_not_before
            first.kill()
        with new_worker():
            wait_until(lambda: fresh(objective).state == "waiting")

    answered = RunEvent.objects.get(run_id=objective.id, kind=EventKind.ASSISTANT_MESSAGE)
    assert len(server.received) == 2
    assert due_at is not None
    assert answered.at > due_at
    assert fresh(objective).lost_worker_count == 0


@pytest.fixture(autouse=True)
def _nothing_else_to_do(committed: None) -> Iterator[None]:
    yield
    RunHead.objects.exclude(state="ended").update(
        state="ended", lease_owner=None, lease_until=None, available_at=None
    )
