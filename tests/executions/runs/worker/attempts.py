"""Starting executions of small scripts, and running them in the test's own process."""

import time
from typing import Any

from django.utils import timezone

from executions.actions.dispatch import start_execution
from executions.models import RunEvent, SkillExecution
from executions.runner.attempt import run_attempt
from executions.runs.registry import begin_run
from executions.runs.worker.context import Bench
from tests.factories import Actor, make_actor, make_skill


def start(
    script: str, *, actor: Actor | None = None, files: tuple[str, ...] = (), **skill: Any
) -> SkillExecution:
    """A queued execution of a skill of its actor's own tenant with this script."""
    actor = actor or make_actor()
    version = make_skill(script=script, tenant=actor.tenant, **skill)
    return start_again(actor, version.skill.slug, files=files)


def start_again(actor: Actor, slug: str = "echo", *, files: tuple[str, ...] = ()) -> SkillExecution:
    execution, _ = start_execution(
        access=actor.access,
        slug=slug,
        inputs={"text": "hi"},
        file_source_ids=files,
        now=timezone.now(),
    )
    return execution


def run(execution: SkillExecution, bench: Bench) -> SkillExecution:
    """The execution after one attempt in this process."""
    taken_at = time.monotonic()
    lease = begin_run(kind="execution", run_id=execution.id, owner=bench.owner, now=timezone.now())
    assert lease is not None
    run_attempt(lease, taken_at, bench)
    return fresh(execution)


def fresh(execution: SkillExecution) -> SkillExecution:
    return SkillExecution.objects.get(pk=execution.id)


def kinds(execution: SkillExecution) -> list[str]:
    """The kinds of its events, in order."""
    return list(RunEvent.objects.filter(run_id=execution.id).order_by("seq").values_list("kind", flat=True))


def data_of(execution: SkillExecution, kind: str) -> list[dict[str, Any]]:
    """The payloads of its events of one kind, in order."""
    events = RunEvent.objects.filter(run_id=execution.id, kind=kind).order_by("seq")
    return list(events.values_list("data", flat=True))
