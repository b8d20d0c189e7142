"""One attempt of one run, from its lease to its end."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from executions.actions.leased import (
    SHUTDOWN,
    finish_cancelled,
    finish_failed,
    finish_succeeded,
    hand_back,
    keep_results,
)
from executions.actions.recovery import FIRST_BACKOFF, settle_sub_executions
from executions.catalog.errors import BundleRefused
from executions.catalog.manifest import Manifest
from executions.catalog.selectors import manifest_of
from executions.catalog.validation import check_storable, schema_problems
from executions.models import FailureReason, SkillExecution
from executions.postgres_text import storable
from executions.runner.layout import AttemptLayout, lay_out
from executions.runner.outcomes import RunFailed
from executions.runner.outputs import (
    Archive,
    Collect,
    archive_workspace,
    collect_artifacts,
    collect_what_is_there,
)
from executions.runner.prompt import run_prompt
from executions.runner.recorder import Recorder
from executions.runner.run import LeasedRun
from executions.runner.script import run_script
from executions.runner.sub_executions import CallingRun
from executions.runner.tracing import run_span
from executions.runs.db_retry import retry_database
from executions.runs.lease import Lease, LeaseLost
from executions.runs.usage import tree_usage
from executions.runs.verbs import backoff
from executions.runs.worker.context import Bench
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.stop_signal import RunStopped, StopSignal
from executions.runs.worker.tracing import note_failure
from spaces.errors import Invalid

logger = logging.getLogger(__name__)

# What may go better next time, for skills that allow more than one attempt. The skill's own errors and its
# limits would only happen again.
REPEATABLE = frozenset({FailureReason.SANDBOX_ERROR, FailureReason.MODEL_ERROR})


def run_attempt(lease: Lease, taken_at: float, bench: Bench, caller: CallingRun | None = None) -> None:
    """Run what was leased, to a state that is not running; a lost lease leaves everything as it is.

    `taken_at` is the monotonic time before the lease was taken; `caller` is set for a sub-execution.
    """
    stop = StopSignal(caller.stop if caller else None)
    with bench.keeper.holding(lease, stop, Recorder(lease, stop), taken_at=taken_at) as held:
        wanted = SkillExecution.objects.select_related("space", "skill_version")
        execution = retry_database(wanted.get)(pk=lease.run_id)
        with run_span(execution):
            try:
                _SkillAttempt(execution, held, bench, caller).run()
            except LeaseLost:
                logger.warning("The lease of %s was lost; nothing more is written", lease.run_id)


class _SkillAttempt:
    """The execution being run, and its folder, which holds its skill and its workspace."""

    def __init__(
        self, execution: SkillExecution, held: HeldLease[Recorder], bench: Bench, caller: CallingRun | None
    ) -> None:
        self._execution = execution
        self._held = held
        self._bench = bench
        self._caller = caller
        self._max_attempts = 1
        self._layout: AttemptLayout | None = None

    def run(self) -> None:
        try:
            self._work()
        except RunStopped as stopped:
            self._end_stopped(stopped.reason)
        except RunFailed as failure:
            # What a stopped run trips over on its way out is not its fault.
            reason = self._held.stop.reason
            self._end_stopped(reason) if reason else self._end_failed(failure)
        finally:
            if self._layout is not None:
                self._layout.remove()
        retry_database(settle_sub_executions)(self._execution.id, timezone.now())

    def _work(self) -> None:
        """Prepare, run, check, collect and end well; raises RunFailed, RunStopped or LeaseLost."""
        try:
            manifest = manifest_of(self._execution.skill_version)
            self._max_attempts = manifest.max_attempts
            calling = self._caller.workspace if self._caller else None
            folder = self._bench.folder / f"{self._execution.id}-{self._held.lease.fence}"
            self._layout = lay_out(self._execution, manifest, folder, calling=calling)
            self._tell_missing(self._layout.materials)
            self._held.stop.check()
            run = self._new_run(manifest, self._layout)
            outputs = run_prompt(run) if manifest.kind == "prompt" else run_script(run)
            _check(outputs, manifest)
            self._keep_all(self._layout)
            self._end(partial(finish_succeeded, outputs=outputs))
        except (RunFailed, RunStopped, LeaseLost):
            raise
        except BundleRefused as refused:
            raise RunFailed("bundle_integrity", f"The stored bundle cannot be run: {refused}") from refused
        except Exception as error:
            logger.exception("The worker failed at %s", self._execution.id)
            raise RunFailed("sandbox_error", "The worker failed with an internal error.") from error

    def _tell_missing(self, staged: tuple[str, ...]) -> None:
        """Files that were named and are not in the collection do not fail the run, but are named in it."""
        named = dict.fromkeys(self._execution.file_source_ids) if self._caller is None else ()
        if missing := [name for name in named if name not in staged]:
            said = ", ".join(f"“{name}”" for name in missing)
            self._held.recorder.progress(
                fraction=None, message=f"Not in the collection, and so not staged: {said}."
            )

    def _new_run(self, manifest: Manifest, layout: AttemptLayout) -> LeasedRun:
        execution, held = self._execution, self._held
        deadline = time.monotonic() + manifest.limits.wall_seconds
        if self._caller is not None:
            deadline = min(deadline, self._caller.deadline)
        budget = self._budget()
        caller = CallingRun(
            held.lease, held.stop, held.recorder, layout.workspace, deadline, budget, self._run_child
        )
        # What a former attempt called has been paid for, whether this attempt asks for it again or not.
        if budget is not None:
            caller.below_usd = retry_database(tree_usage)(execution.id).below_usd
        return LeasedRun(
            execution_id=execution.id,
            space_id=execution.space_id,
            attempt=execution.attempt,
            trace_id=execution.trace_id,
            inputs=execution.inputs,
            materials=layout.materials,
            manifest=manifest,
            bundle=layout.bundle,
            workspace=layout.workspace,
            model=execution.model or execution.space.default_model or settings.DEFAULT_MODEL,
            tools=manifest.tools & set(execution.space.permitted_tools),
            budget_usd=budget,
            deadline=deadline,
            recorder=held.recorder,
            stop=held.stop,
            call_skill=caller.call,
            spent_below=lambda: caller.below_usd,
        )

    def _budget(self) -> Decimal | None:
        """What this attempt may cost, in US dollars: what former attempts and the caller have left of it."""
        whole = self._execution.space.run_budget_usd
        whole = settings.DEFAULT_BUDGET_USD if whole is None else whole
        left = None if whole is None else max(Decimal(0), whole - self._execution.cost_usd)
        callers = self._caller.budget_left if self._caller else None
        return min((one for one in (left, callers) if one is not None), default=None)

    def _run_child(self, lease: Lease, taken_at: float, caller: CallingRun) -> None:
        run_attempt(lease, taken_at, self._bench, caller)

    def _keep_all(self, layout: AttemptLayout) -> None:
        """Artifacts and archive of a run that went well; all or a RunFailed."""
        self._write_out()
        self._keep(collect_artifacts, archive_workspace(layout.workspace, layout.folder), layout)

    def _keep_some(self, layout: AttemptLayout) -> None:
        """What can be kept of a run that failed: nothing about it may hide why it failed."""
        try:
            archive = archive_workspace(layout.workspace, layout.folder)
        except RunFailed as failure:
            logger.info("No archive of %s: %s", self._execution.id, failure)
            archive = None
        self._keep(collect_what_is_there, archive, layout)

    def _keep(self, collect: Collect, archive: Archive | None, layout: AttemptLayout) -> None:
        declared = self._held.recorder.declared_artifacts
        artifacts = collect(declared, layout.workspace, self._execution.id)
        self._write(partial(keep_results, artifacts=artifacts, archive=archive))

    def _is_worth_another_attempt(self, failure: RunFailed) -> bool:
        """Whether the skill allows one, it may go better, and a provider need not be waited for too long."""
        is_allowed = failure.reason in REPEATABLE and self._execution.attempt < self._max_attempts
        is_near = failure.retry_after <= self._execution.space.provider_patience_seconds
        return is_allowed and failure.may_pass and is_near

    def _end_failed(self, failure: RunFailed) -> None:
        note_failure(failure.reason)
        self._write_out()
        if self._is_worth_another_attempt(failure):
            delay = max(
                backoff(self._execution.attempt, first=FIRST_BACKOFF), timedelta(seconds=failure.retry_after)
            )
            self._end(partial(hand_back, reason=failure.reason, delay=delay))
            return
        if self._layout is not None:
            try:
                self._keep_some(self._layout)
            except LeaseLost:
                raise
            except Exception:
                logger.exception("Nothing was kept of %s", self._execution.id)
        self._end(partial(finish_failed, reason=failure.reason, error=storable(failure.error)))

    def _end_stopped(self, reason: str) -> None:
        if reason == "lease_lost":
            raise LeaseLost
        self._write_out()
        if reason == SHUTDOWN:
            self._end(partial(hand_back, reason=SHUTDOWN, delay=timedelta(0)))
        else:
            self._end(finish_cancelled)

    def _write_out(self) -> None:
        """The run's last events come before its end."""
        self._write(lambda **_: self._held.recorder.write_out())

    def _end(self, action: Callable[..., object]) -> None:
        self._held.is_ending = True
        self._write(action)
        self._held.is_over = True

    def _write(self, action: Callable[..., object]) -> None:
        """Do a fenced write, again while the database does not answer; raises LeaseLost."""
        retry_database(action, check=self._held.require)(lease=self._held.lease, now=timezone.now())


def _check(outputs: dict[str, Any], manifest: Manifest) -> None:
    """Raises RunFailed unless the outputs are what the skill has promised."""
    try:
        check_storable(outputs, loc=["outputs"])
        problems = schema_problems(manifest.outputs_schema, outputs, loc=["outputs"])
    except Invalid as unstorable:
        problems = unstorable.problems
    if problems:
        raise RunFailed("invalid_outputs", "The outputs do not match the skill's schema.", problems=problems)
