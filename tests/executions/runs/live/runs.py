"""Executions whose events a test writes itself, as a worker would."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from executions.actions.dispatch import dispatch_tool_call
from executions.actions.leased import Progress, finish_succeeded, record
from executions.models import RunHead, SkillExecution
from executions.runs.lease import Lease
from executions.runs.log import NewEvent
from executions.runs.registry import begin_run
from tests.factories import Actor, make_actor, make_skill


@dataclass
class Run:
    """A running execution: log 1 is `execution.queued`, 2 is `execution.started`."""

    actor: Actor
    execution: SkillExecution
    lease: Lease
    texts: list[str] = field(default_factory=list)

    def say(self, *texts: str) -> None:
        """Log texts, one event each, in one transaction."""
        now = timezone.now()
        events = [NewEvent("text.appended", {"text": text}, now) for text in texts]
        record(lease=self.lease, progress=Progress(events))
        self.hold()  # writing has renewed the lease, for seconds
        self.texts += texts

    def hold(self) -> None:
        """Its worker is a test, which may be slow: nobody shall take the run for lost."""
        until = timezone.now() + timedelta(hours=1)
        RunHead.objects.filter(pk=self.execution.id, state="running").update(lease_until=until)

    def finish(self) -> None:
        finish_succeeded(lease=self.lease, outputs={"text": "done"}, now=timezone.now())

    @property
    def seq(self) -> int:
        return RunHead.objects.get(pk=self.execution.id).seq


def make_run(
    *, actor: Actor | None = None, tool_call_id: str = "call_1", thread_id: str | None = None
) -> Run:
    """A dispatched execution that a worker has begun."""
    actor = actor or make_actor()
    execution = make_queued(actor=actor, tool_call_id=tool_call_id, thread_id=thread_id)
    lease = begin_run(kind="execution", run_id=execution.id, owner=uuid.uuid4(), now=timezone.now())
    assert lease is not None
    run = Run(actor, execution, lease)
    run.hold()
    return run


def make_queued(
    *, actor: Actor, tool_call_id: str = "call_1", thread_id: str | None = None
) -> SkillExecution:
    """A dispatched execution that waits for a worker."""
    make_skill()
    execution, _ = dispatch_tool_call(
        access=actor.access,
        tool_name="echo",
        arguments={"text": "hi"},
        tool_call_id=tool_call_id,
        thread_id=thread_id,
        now=timezone.now(),
    )
    return execution
