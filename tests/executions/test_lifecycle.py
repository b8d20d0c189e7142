"""Every verb in every state: legal ones move, all others change neither row nor log."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from executions.actions.cancellation import request_cancel
from executions.actions.claim import claim
from executions.actions.dispatch import start_execution
from executions.actions.leased import (
    Progress,
    Usage,
    finish_cancelled,
    finish_failed,
    finish_succeeded,
    hand_back,
    keep_results,
    record,
)
from executions.actions.recovery import settle_sub_executions
from executions.actions.retry import retry_execution
from executions.api.representations import represent_detail
from executions.api.selectors import read_execution
from executions.lifecycle import MOVES
from executions.models import OVER, Artifact, FeedEntry, RunEvent, RunHead, SkillExecution, State
from executions.runs.claims import called
from executions.runs.lease import Lease, LeaseLost
from executions.runs.log import NewEvent
from executions.runs.registry import begin_oldest_run, begin_run
from executions.runs.verbs import force_cancel, heal
from spaces.blobs import store_blob
from spaces.errors import IllegalMove
from spaces.ids import new_id
from tests.factories import NOW, Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db

WORKER = new_id()
LATER = NOW + timedelta(seconds=5)
STATES = ("queued", "running", "cancelling", "overdue", "succeeded", "failed", "cancelled")


@dataclass
class Case:
    """An execution in some state; `lease` is the last that a worker had, or one that nobody has."""

    actor: Actor
    execution: SkillExecution
    lease: Lease

    @property
    def facts(self) -> dict[str, Any]:
        """Everything that a verb could change."""
        run_id = self.execution.id
        return {
            "row": SkillExecution.objects.filter(pk=run_id).values().get(),
            "head": RunHead.objects.filter(pk=run_id).values().get(),
            "log": list(RunEvent.objects.filter(run_id=run_id).order_by("seq").values()),
            "feed": FeedEntry.objects.filter(run_id=run_id).count(),
            "jobs": ProcrastinateJob.objects.count(),
            "executions": SkillExecution.objects.count(),
        }


def case_in(state: str) -> Case:
    actor = make_actor()
    make_skill()
    execution, _ = start_execution(access=actor.access, slug="echo", inputs={"text": "hi"}, now=NOW)
    case = Case(actor, execution, Lease(execution.id, WORKER, 1, actor.space.id, "execution"))
    if state != "queued":
        assert begin_run(kind="execution", run_id=execution.id, owner=WORKER, now=NOW) == case.lease
    if state == "cancelling":
        request_cancel(access=actor.access, execution_id=execution.id, now=NOW)
    if state == "overdue":
        RunHead.objects.filter(pk=execution.id).update(lease_until=timezone.now() - timedelta(seconds=1))
    endings: dict[str, Callable[[], object]] = {
        "succeeded": lambda: finish_succeeded(lease=case.lease, outputs={"text": "hi"}, now=NOW),
        "failed": lambda: finish_failed(lease=case.lease, reason="skill_error", error={}, now=NOW),
        "cancelled": lambda: finish_cancelled(lease=case.lease, now=NOW),
    }
    endings.get(state, lambda: None)()
    return case


VERBS: dict[str, Callable[[Case], object]] = {
    "begin": lambda case: begin_run(kind="execution", run_id=case.execution.id, owner=new_id(), now=LATER),
    "begin_first": lambda _: begin_oldest_run("execution", owner=new_id(), now=LATER),
    "begin_called": lambda case: claim(called(case.execution.id), owner=new_id(), now=LATER),
    "record": lambda case: record(
        lease=case.lease, progress=Progress([NewEvent("text.appended", {"text": "a"}, LATER)])
    ),
    "keep": lambda case: keep_results(lease=case.lease, artifacts=[], archive=None, now=LATER),
    "succeed": lambda case: finish_succeeded(lease=case.lease, outputs={}, now=LATER),
    "fail": lambda case: finish_failed(
        lease=case.lease, reason="timeout", error={"type": "timeout"}, now=LATER
    ),
    "confirm_cancel": lambda case: finish_cancelled(lease=case.lease, now=LATER),
    "hand_back": lambda case: hand_back(
        lease=case.lease, reason="model_error", delay=timedelta(seconds=2), now=LATER
    ),
    "cancel": lambda case: request_cancel(
        access=case.actor.access, execution_id=case.execution.id, now=LATER
    ),
    "retry": lambda case: retry_execution(
        access=case.actor.access, execution_id=case.execution.id, now=LATER
    ),
    "heal": lambda case: heal("execution", case.execution.id, now=LATER),
    "force_cancel": lambda case: force_cancel("execution", case.execution.id, now=LATER),
    "settle": lambda case: settle_sub_executions(case.execution.id, LATER),
}

LEASED = {
    "record": "running",
    "keep": "running",
    "succeed": "succeeded",
    "fail": "failed",
    "confirm_cancel": "cancelled",
    "hand_back": "queued",
}
# (state, verb) → the state afterwards. What is not here raises, or does nothing at all.
LEGAL = {
    ("queued", "begin"): "running",
    ("queued", "begin_first"): "running",
    ("queued", "cancel"): "cancelled",
    ("running", "cancel"): "running",
    ("overdue", "cancel"): "running",
    ("overdue", "heal"): "failed",
    ("cancelling", "force_cancel"): "cancelled",
    **{(state, verb): to for state in ("running", "cancelling") for verb, to in LEASED.items()},
    **{(state, "retry"): state for state in ("succeeded", "failed", "cancelled")},
}
REFUSED: dict[tuple[str, str], type[Exception]] = {
    **{(state, "retry"): IllegalMove for state in ("queued", "running", "cancelling", "overdue")},
    **{(state, "cancel"): IllegalMove for state in ("succeeded", "failed")},
    **{(state, verb): LeaseLost for state in STATES for verb in LEASED if (state, verb) not in LEGAL},
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", STATES)
def test_every_verb_in_every_state(state: str, verb: str):
    case = case_in(state)
    before = case.facts
    act = VERBS[verb]

    if (state, verb) in REFUSED:
        with pytest.raises(REFUSED[state, verb]):
            act(case)
    else:
        act(case)

    after = case.facts
    if (state, verb) not in LEGAL:
        assert after == before
        return
    assert after["row"]["state"] == LEGAL[state, verb]
    assert verb == "keep" or after != before
    assert (after["head"]["state"] == "ended") == (after["row"]["state"] in OVER)
    assert [event["seq"] for event in after["log"]] == list(range(1, after["head"]["seq"] + 1))


@pytest.mark.parametrize("state", State.values)
def test_the_verbs_make_no_other_moves_than_the_map_allows(state: str):
    names = ("running", "cancelling", "overdue") if state == "running" else (state,)

    reached = {to for (of, _), to in LEGAL.items() if of in names} - {state}

    assert reached <= MOVES[state]


def test_a_shutdown_does_not_use_up_an_attempt_and_another_reason_does():
    case = case_in("running")

    hand_back(lease=case.lease, reason="shutdown", delay=timedelta(0), now=LATER)
    uncounted = SkillExecution.objects.get(pk=case.execution.id).attempt
    lease = begin_run(kind="execution", run_id=case.execution.id, owner=WORKER, now=LATER)
    assert lease is not None
    hand_back(lease=lease, reason="model_error", delay=timedelta(0), now=LATER)

    assert uncounted == 0
    assert SkillExecution.objects.get(pk=case.execution.id).attempt == 1


def test_a_run_that_was_handed_back_with_a_delay_cannot_be_claimed_before():
    case = case_in("running")
    hand_back(lease=case.lease, reason="model_error", delay=timedelta(minutes=5), now=LATER)

    assert begin_run(kind="execution", run_id=case.execution.id, owner=new_id(), now=LATER) is None
    assert begin_oldest_run("execution", owner=new_id(), now=LATER) is None


@pytest.mark.parametrize("end", ["succeed", "fail", "confirm_cancel", "heal", "force_cancel", "hand_back"])
def test_folding_the_events_over_an_older_reading_gives_what_is_read_afterwards(end: str):
    case = case_in("cancelling" if end == "force_cancel" else "running")
    seen, number = reading(case), RunHead.objects.get(pk=case.execution.id).seq
    blob = store_blob(io.BytesIO(b"kept"), now=NOW)
    kept = Artifact(execution=case.execution, relpath="a.txt", blob=blob, size_bytes=4, created_at=LATER)
    spent = {"model": "m", "input_tokens": 3, "output_tokens": 4, "cost_usd": "0.0100"}
    usage = Usage("m", 3, 4, Decimal("0.0100"))
    record(lease=case.lease, progress=Progress([NewEvent("usage.recorded", spent, LATER)], [usage]))
    if end != "hand_back":
        archive = (new_id(), blob.sha256)
        keep_results(lease=case.lease, artifacts=[kept], archive=archive, now=LATER)
    if end == "heal":
        RunHead.objects.filter(pk=case.execution.id).update(lease_until=timezone.now())

    VERBS[end](case)

    for event in RunEvent.objects.filter(run_id=case.execution.id, seq__gt=number).order_by("seq"):
        fold(seen, event)
    assert seen == reading(case)


def reading(case: Case) -> dict[str, Any]:
    """The execution object as a client gets it, without the links that are new each time."""
    seen = represent_detail(read_execution(case.execution.pk), base_url="")
    for artifact in seen["artifacts"]:
        del artifact["download_url"]
    return seen


def fold(seen: dict[str, Any], event: RunEvent) -> None:
    """What a client does with an event: keys of the object are replaced, artifacts and usage are added."""
    if event.kind == "artifact.committed":
        keys = ("artifact_id", "relpath_in_workspace", "document_type", "size_bytes")
        seen["artifacts"].append({key: event.data[key] for key in keys})
    elif event.kind == "usage.recorded":
        used = seen["resource_usage"]
        used["input_tokens"] += event.data["input_tokens"]
        used["output_tokens"] += event.data["output_tokens"]
        cost = Decimal(used["cost_usd"]) + Decimal(event.data["cost_usd"])
        used["cost_usd"] = f"{cost.normalize():f}"
    else:
        seen.update({key: value for key, value in event.data.items() if key in seen})
