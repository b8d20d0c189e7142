"""Taking up what failed for a passing cause: from where it stood, soundly, once, and by whom."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from executions.models import RunEvent, RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.locks import leased
from executions.runs.registry import begin_run
from executions.runs.worker.context import Bench
from objectives.actions.cancellation import cancel_objective
from objectives.actions.continuation import continue_objective
from objectives.actions.resumption import NOT_A_ROOT
from objectives.agent_loop.endings import fail_objective
from objectives.ids import Prefix, spell
from objectives.models import PASSING, ErrorType, ExecutionStatus, Objective, ObjectiveState
from spaces.errors import DomainError, NotReady
from spaces.ids import new_id
from spaces.models import Space
from tests.executions.inference.provider_server import Answer
from tests.executions.inference.wire import chat_events
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.test_outages import away
from tests.objectives.agent_loop.test_providers import CALL, DONE, answer, provided, work_again
from tests.objectives.agent_loop.working import bare_tool, calls_of, fresh, head_of, said, start, types, work
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = [{"answer": "Unheard."}]
GOOD = Answer(events=DONE)


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def take_up(actor: Actor, objective: Objective, message: str = "") -> RunEvent:
    done = continue_objective(
        access=actor.access, objective_id=objective.id, message=message, enqueue=False, now=timezone.now()
    )
    assert isinstance(done, RunEvent)
    return done


def failed(objective: Objective, error: ErrorType) -> Objective:
    """As its worker ends it."""
    lease = begin_run(kind="objective", run_id=objective.id, owner=new_id(), now=timezone.now())
    assert lease is not None
    with transaction.atomic():
        head, row = leased(Objective, lease)
        fail_objective(row, head, error, "Why.", now=timezone.now())
    return fresh(objective)


def requeue_head(objective: Objective) -> None:
    """As if a worker had to look at it."""
    RunHead.objects.filter(pk=objective.pk).update(state="queued", available_at=timezone.now())


def test_it_goes_on_from_where_it_stood(actor: Actor, bench: Bench, settings):
    Space.objects.filter(pk=actor.space.pk).update(provider_patience_seconds=0)
    with provided(settings, Answer(events=CALL), away(), GOOD) as server:
        objective = work(start(actor, bare_tool(actor), script=SCRIPT), bench)
        answer(actor, objective)
        objective = work(objective, bench)
        assert (objective.state, objective.error_type) == ("failed", "provider_unavailable")
        take_up(actor, objective)
        taken_up = fresh(objective)
        objective = work(objective, bench)

    assert (taken_up.state, taken_up.error_type, taken_up.finished_at) == ("running", "", None)
    assert objective.state == "waiting"
    assert objective.turn == 2
    refused, repeated = (received.body["messages"] for received in server.received[1:])
    assert repeated == refused
    ends = ["error", "FAILED", "notice", "RUNNING", "assistantMessage", "WAITING"]
    assert types(objective)[-6:] == ends


def test_who_took_it_up_and_when_is_in_the_record(actor: Actor, bench: Bench):
    objective = failed(start(actor, script=SCRIPT), ErrorType.WORKER_LOST)
    take_up(actor, objective)

    objective = fresh(objective)
    event = RunEvent.objects.get(run_id=objective.id, kind=EventKind.CONTINUED)
    assert objective.continued_by_id == actor.principal.id
    assert objective.continued_at == event.at
    assert event.data["caused_by"] == str(actor.principal.id)
    assert event.data["error_type"] == ErrorType.WORKER_LOST
    shown = WorkspaceClient(actor).get(f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}")
    assert shown["info"]["continuedBy"]["metadata"]["id"] == spell(Prefix.PROFILE, actor.principal.id)
    assert shown["state"] == "OBJECTIVE_STATE_RUNNING"


def test_each_call_that_the_failure_gave_up_is_answered_once(actor: Actor, bench: Bench, settings):
    two = chat_events(
        calls=(("c1", "ask", '{"order": "7"}'), ("c2", "ask", '{"order": "8"}')), finish="tool_calls"
    )
    with provided(settings, Answer(events=two), GOOD) as server:
        objective = work(start(actor, bare_tool(actor), script=SCRIPT), bench)
        answer(actor, objective)
        Objective.objects.filter(pk=objective.pk).update(state="running")
        requeue_head(objective)
        objective = failed(objective, ErrorType.WORKER_LOST)
        take_up(actor, objective, "Try again.")
        objective = work(objective, bench)

    assert [call.execution for call in calls_of(objective)] == [
        ExecutionStatus.COMPLETED,
        ExecutionStatus.INTERRUPTED,
    ]
    told = server.received[1].body["messages"]
    assert [(one["role"], one.get("tool_call_id")) for one in told[3:]] == [
        ("tool", "c1"),
        ("tool", "c2"),
        ("user", None),
    ]
    assert told[5]["content"] == "Try again."
    assert objective.state == "waiting"


def test_what_was_queued_is_heard_after_all(actor: Actor, bench: Bench, settings):
    with provided(settings, away(), away(), GOOD) as server:
        objective = work(start(actor, script=SCRIPT), bench)
        continue_objective(
            access=actor.access, objective_id=objective.id, message="First.", enqueue=True, now=timezone.now()
        )
        long_since = timezone.now() - timedelta(days=2)
        Objective.objects.filter(pk=objective.pk).update(provider_unavailable_since=long_since)
        objective = work_again(objective, bench)
        assert objective.state == "failed"
        take_up(actor, objective, "Second.")
        work(objective, bench)

    told = [one["content"] for one in server.received[-1].body["messages"] if one["role"] == "user"]
    assert told[-2:] == ["First.", "Second."]


def test_a_wait_that_can_be_waited_for_is_kept_to(actor: Actor, bench: Bench, settings):
    with provided(settings, away(429, Retry_After="300"), GOOD) as server:
        objective = work(start(actor, script=SCRIPT), bench)
        Objective.objects.filter(pk=objective.pk).update(lost_worker_count=4)
        requeue_head(objective)
        objective = failed(objective, ErrorType.WORKER_LOST)
        take_up(actor, objective)
        objective = work(objective, bench)

    assert len(server.received) == 1
    assert objective.state == "running"
    assert objective.next_try_at > timezone.now() + timedelta(seconds=250)


@pytest.mark.parametrize("error", sorted(set(ErrorType) - PASSING))
def test_a_lasting_cause_is_refused_and_says_why(actor: Actor, error: str):
    objective = failed(start(actor, script=SCRIPT), ErrorType(error))
    before = RunEvent.objects.filter(run_id=objective.id).count()

    client = WorkspaceClient(actor)
    status, code, message = client.refused(
        "post", f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}:continue", {"message": "Go on."}
    )

    assert (status, code) == (400, 9)
    assert "temporary cause. Why." in message
    assert fresh(objective).state == "failed"
    assert RunEvent.objects.filter(run_id=objective.id).count() == before


def test_a_sub_agent_is_not_taken_up_behind_its_callers_back(actor: Actor):
    parent, child = start(actor, script=SCRIPT), start(actor, script=SCRIPT)
    Objective.objects.filter(pk=child.pk).update(parent=parent)
    child = failed(child, ErrorType.WORKER_LOST)

    with pytest.raises(NotReady) as refused:
        take_up(actor, child)

    assert refused.value.message == NOT_A_ROOT


def test_what_it_had_started_does_not_outlive_its_failure(actor: Actor):
    parent, child = start(actor, script=SCRIPT), start(actor, script=SCRIPT)
    Objective.objects.filter(pk=child.pk).update(parent=parent)
    parent = failed(parent, ErrorType.WORKER_LOST)

    take_up(actor, parent)

    assert (fresh(parent).state, fresh(child).state) == ("running", "cancelled")


def test_what_was_asked_of_it_before_it_failed_holds_no_more(actor: Actor, bench: Bench):
    objective = start(actor, script=[{"answer": "Done."}])
    lease = begin_run(kind="objective", run_id=objective.id, owner=new_id(), now=timezone.now())
    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=timezone.now())
    with transaction.atomic():
        head, row = leased(Objective, lease)
        fail_objective(row, head, ErrorType.WORKER_LOST, "Why.", now=timezone.now())

    take_up(actor, objective)

    assert work(objective, bench).state == "waiting"
    assert said(objective) == ["Done."]


def test_of_many_who_take_it_up_one_does(actor: Actor):
    objective = failed(start(actor, script=SCRIPT), ErrorType.QUOTA_EXCEEDED)

    def one(number: int) -> bool:
        try:
            take_up(actor, objective, "Go on." if number % 2 else "")
        except DomainError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        taken = sum(threads.map(one, range(40)))

    assert taken == 1
    assert RunEvent.objects.filter(run_id=objective.id, kind=EventKind.CONTINUED).count() == 1
    assert fresh(objective).state == "running"


@pytest.mark.parametrize("number", range(10))
def test_a_cancel_comes_before_or_after_it_but_never_between(actor: Actor, number: int):
    objective = failed(start(actor, script=SCRIPT), ErrorType.QUOTA_EXCEEDED)

    def cancel() -> str:
        asked = {"access": actor.access, "objective_id": objective.id, "reason": ""}
        return cancel_objective(**asked, now=timezone.now()).state

    outcomes = at_once([lambda: take_up(actor, objective).kind, cancel])

    state = fresh(objective).state
    assert (outcomes, state) in [
        ([EventKind.CONTINUED, "refused"], ObjectiveState.RUNNING),
        ([EventKind.CONTINUED, "cancelled"], ObjectiveState.CANCELLED),
    ]
    assert head_of(objective).state == ("queued" if state == "running" else "ended")


def at_once(acts: Sequence[Callable[[], str]]) -> list[str]:
    def one(act: Callable[[], str]) -> str:
        try:
            return act()
        except DomainError:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))


def test_the_events_add_up_to_what_a_fresh_read_shows(actor: Actor, bench: Bench, settings):
    Space.objects.filter(pk=actor.space.pk).update(provider_patience_seconds=0)
    client = WorkspaceClient(actor)
    with provided(settings, away(), GOOD):
        objective = start(actor, script=SCRIPT)
        path = f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}"
        shown = client.get(path)
        for act in (work, lambda one, _: take_up(actor, one), work):
            known = shown["info"]["totalEvents"]
            act(objective, bench)
            news = client.get(f"{path}/events", sortOrder="asc", limit="100")["items"][known:]
            shown = folded(shown, [one["data"] for one in news])
            read = client.get(path)
            assert (shown["state"], shown["stateMessage"], shown["info"]["totalEvents"]) == (
                *(read["state"], read["stateMessage"]),
                read["info"]["totalEvents"],
            )
    assert shown["state"] == "OBJECTIVE_STATE_WAITING"


def folded(shown: dict, news: list[dict]) -> dict:
    """What a client makes of an objective that it knows, and of the events since."""
    info = {**shown["info"], "totalEvents": shown["info"]["totalEvents"] + len(news)}
    moved = [one["stateChanged"] for one in news if one["type"] == "stateChanged"]
    for change in moved:
        assert change["fromState"] == shown["state"]
        shown = {**shown, "state": change["toState"], "stateMessage": change.get("message", "")}
    return {**shown, "info": info}
