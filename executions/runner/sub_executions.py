"""Sub-executions, run inline: in the caller's slot, by its worker, within its remaining time."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from django.utils import timezone

from executions.actions.claim import claim
from executions.actions.recovery import FIRST_BACKOFF
from executions.actions.sub_executions import TooDeep, note_sub_execution_finished, start_sub_execution
from executions.models import Artifact, FailureReason, SkillExecution
from executions.runner.outcomes import RunFailed
from executions.runner.recorder import Recorder
from executions.runner.run import CallOutcome, SkillCall
from executions.runner.staging import disk_failures_told
from executions.runs.claims import called
from executions.runs.db_retry import retry_database
from executions.runs.lease import Lease, LeaseLost
from executions.runs.usage import tree_usage
from executions.runs.verbs import backoff
from executions.runs.worker.stop_signal import RunStopped, StopSignal
from executions.sandbox import ArtifactRejected, SandboxWorkspace
from spaces.blobs import open_blob
from spaces.errors import Conflict, DomainError, Invalid, NotFound

LOST_WAIT_SECONDS = 0.5  # between looks at a sub-execution that a vanished worker still holds


@dataclass
class CallingRun:
    """A running execution as its sub-executions see it; `deadline` is on time.monotonic()'s clock.

    `budget_usd` is what this run and all below it may cost together, None for no limit.
    """

    lease: Lease
    stop: StopSignal
    recorder: Recorder
    workspace: SandboxWorkspace
    deadline: float
    budget_usd: Decimal | None
    run_attempt: Callable[[Lease, float, "CallingRun"], None]
    clock: Callable[[], datetime] = timezone.now
    below_usd: Decimal = Decimal(0)
    answers: dict[str, CallOutcome] = field(default_factory=dict)

    @property
    def budget_left(self) -> Decimal | None:
        if self.budget_usd is None:
            return None
        return max(Decimal(0), self.budget_usd - self.recorder.spent_usd - self.below_usd)

    def call(self, call: SkillCall) -> CallOutcome:
        """Run the called skill to its end, or find how it ended in a former attempt.

        Raises RunStopped or RunFailed where this run itself cannot go on.
        """
        try:
            child = self._asked(
                lambda: start_sub_execution(
                    lease=self.lease,
                    call_key=call.call_key,
                    slug=call.slug,
                    inputs=call.inputs,
                    files=call.files,
                    now=self.clock(),
                )
            )
        except DomainError as refused:
            return _refusal(refused)
        if call.call_key not in self.answers:
            self.answers[call.call_key] = self._answer(call, self._ended(child.id))
        return self.answers[call.call_key]

    def _asked[Answer](self, step: Callable[[], Answer]) -> Answer:
        """What the database answers, however long it takes while this run may go on; raises RunStopped."""
        try:
            return retry_database(step, check=self.stop.check)()
        except LeaseLost:
            raise RunStopped("lease_lost") from None

    def _ended(self, child_id: uuid.UUID) -> SkillExecution:
        while True:
            child = self._asked(lambda: SkillExecution.objects.get(pk=child_id))
            if child.is_over:
                return child
            self._require_time()
            lease, taken_at = self._asked(lambda: self._begun(child_id))
            if lease is None:
                # A former attempt's worker vanished with it: the sweeper puts it back.
                self.stop.wait(LOST_WAIT_SECONDS)
                continue
            self.run_attempt(lease, taken_at, self)
            child = self._asked(lambda: SkillExecution.objects.get(pk=child_id))
            if not child.is_over:
                pause = backoff(child.attempt, first=FIRST_BACKOFF).total_seconds()
                self.stop.wait(min(pause, max(0.0, self.deadline - time.monotonic())))

    def _begun(self, child_id: uuid.UUID) -> tuple[Lease | None, float]:
        """The child's lease, and the monotonic time before it was taken."""
        taken_at = time.monotonic()
        return claim(called(child_id), owner=self.lease.owner, now=self.clock()), taken_at

    def _require_time(self) -> None:
        self.stop.check()
        if time.monotonic() >= self.deadline:
            raise RunFailed("timeout", "It timed out while waiting for another skill.")

    def _answer(self, call: SkillCall, child: SkillExecution) -> CallOutcome:
        self._asked(
            lambda: note_sub_execution_finished(lease=self.lease, child_id=child.id, now=self.clock())
        )
        # Of the whole tree below, not of this child alone: what it called cost money too.
        self.below_usd = self._asked(lambda: tree_usage(self.lease.run_id)).below_usd
        if self.budget_usd is not None and self.recorder.spent_usd + self.below_usd > self.budget_usd:
            raise RunFailed(
                "budget_exceeded", f"The run and those it called cost more than {self.budget_usd} US dollars."
            )
        if child.failure_reason == FailureReason.TIMEOUT:
            # What is called has its caller's time: where that is over, so is the caller, who is not told.
            self._require_time()
        error = child.error or ({"type": child.state, "message": "The execution was cancelled."})
        return CallOutcome(
            execution_id=child.id,
            state=child.state,
            outputs=child.outputs,
            error=None if child.outputs is not None else error,
            artifacts=self._restored(call, child),
        )

    def _restored(self, call: SkillCall, child: SkillExecution) -> tuple[tuple[str, str | None], ...]:
        """Copy the sub-execution's artifacts into `calls/<call key>/`."""
        folder, names = f"calls/{call.call_key}", set[str]()
        copies = []
        for artifact in self._asked(lambda: list(Artifact.objects.filter(execution=child).order_by("id"))):
            name = _free_name(artifact.relpath, names)
            try:
                with disk_failures_told("copy an artifact"), open_blob(artifact.blob_id) as source:
                    copies.append((self.workspace.stage(name, source, folder), artifact.document_type))
            except ArtifactRejected as rejected:
                raise RunFailed("workspace_limit", str(rejected)) from rejected
        return tuple(copies)


def _free_name(relpath: str, taken: set[str]) -> str:
    """The path's last name, numbered where another artifact has it."""
    name, number = PurePosixPath(relpath).name, 1
    while name in taken:
        number += 1
        name = f"{number}-{PurePosixPath(relpath).name}"
    taken.add(name)
    return name


def _refusal(refused: DomainError) -> CallOutcome:
    """The answer to a call that did not become an execution: it failed, and why."""
    kinds = {TooDeep: "depth_limit", NotFound: "not_found", Invalid: "invalid_inputs", Conflict: "conflict"}
    kind = next((kind for error, kind in kinds.items() if isinstance(refused, error)), "refused")
    error: dict[str, Any] = {"type": kind, "message": refused.message}
    if isinstance(refused, Invalid):
        error["problems"] = refused.problems
    return CallOutcome(execution_id=None, state="failed", outputs=None, error=error)
