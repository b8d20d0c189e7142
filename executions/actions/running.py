"""What a worker writes about a run that it has leased. Every write is fenced."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from executions.actions.locking import locked_execution
from executions.lifecycle import move
from executions.models import Artifact, LateUsage, RunHead, SkillExecution, State
from executions.runlog.events import NewEvent, append
from executions.runlog.lease import Lease, fenced_head, take
from executions.runlog.models import HeadState
from executions.runlog.queue import enqueue_run


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model request or one report of a script used; cost in US dollars."""

    model: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Progress:
    """A batch of what happened: events in order, and what they add up to."""

    events: Sequence[NewEvent]
    usages: Sequence[Usage] = ()
    iterations: int = 0


def begin_attempt(*, run_id: uuid.UUID, owner: uuid.UUID, now: datetime) -> Lease | None:
    """Lease a queued execution and move it to running; None where somebody else was faster or it is over."""
    with transaction.atomic():
        head, execution = locked_execution(run_id)
        if head.state != HeadState.QUEUED or execution.state != State.QUEUED:
            return None
        lease = take(head, owner)
        data = {"fence": lease.fence}
        move(execution, head, State.RUNNING, kind="execution.started", data=data, now=now)
    return lease


def record(*, lease: Lease, progress: Progress) -> None:
    """Append a batch and add its usage to the row; raises LeaseLost, then nothing is written.

    Usage that comes after the lease is lost is real money all the same: see `record_late_usage`.
    """
    with transaction.atomic():
        head = fenced_head(lease)
        append(head, progress.events)
        head.save(update_fields=["seq", "last_event_id"])
        if progress.usages or progress.iterations:
            _add_usage(lease.run_id, progress)


def record_late_usage(*, execution_id: uuid.UUID, usages: Sequence[Usage], now: datetime) -> None:
    """Keep usage that arrived after this worker lost the run, beside the row that it may not touch."""
    LateUsage.objects.bulk_create(
        LateUsage(
            execution_id=execution_id,
            model=usage.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            created_at=now,
        )
        for usage in usages
    )


def keep_results(
    *, lease: Lease, artifacts: Sequence[Artifact], archive: tuple[uuid.UUID, str] | None, now: datetime
) -> None:
    """Commit artifacts (unsaved rows whose bytes are stored) and the archive's id and blob; raises LeaseLost."""
    with transaction.atomic():
        head = fenced_head(lease)
        Artifact.objects.bulk_create(artifacts)
        if archive is not None:
            archive_id, sha256 = archive
            SkillExecution.objects.filter(pk=lease.run_id).update(
                workspace_archive_id=archive_id, archive_blob_id=sha256
            )
        append(
            head, [NewEvent("artifact.committed", artifact_payload(artifact), now) for artifact in artifacts]
        )
        head.save(update_fields=["seq", "last_event_id"])


def finish_succeeded(*, lease: Lease, outputs: Mapping[str, Any], now: datetime) -> SkillExecution:
    """End the run with its outputs; raises LeaseLost."""
    return _finish(lease, State.SUCCEEDED, "execution.succeeded", {"outputs": dict(outputs)}, now)


def finish_failed(*, lease: Lease, reason: str, error: Mapping[str, Any], now: datetime) -> SkillExecution:
    """End the run with a reason and what a person should know; raises LeaseLost."""
    fields = {"failure_reason": reason, "error": dict(error)}
    return _finish(lease, State.FAILED, "execution.failed", fields, now)


def finish_cancelled(*, lease: Lease, now: datetime) -> SkillExecution:
    """Confirm that the run has stopped because somebody asked; raises LeaseLost."""
    return _finish(lease, State.CANCELLED, "execution.cancelled", {}, now)


def hand_back(*, lease: Lease, reason: str, delay: timedelta, now: datetime) -> SkillExecution:
    """Put the run back into the queue for a further attempt after `delay`; raises LeaseLost.

    `reason` is a failure reason, or `shutdown` for a worker that ends.
    """
    with transaction.atomic():
        fenced_head(lease)
        head, execution = locked_execution(lease.run_id)
        requeue(execution, head, reason=reason, delay=delay, now=now)
    return execution


def requeue(
    execution: SkillExecution, head: RunHead, *, reason: str, delay: timedelta, now: datetime
) -> None:
    """Move a locked, running execution back to queued, with its job; a sub-execution waits for its parent instead."""
    head.available_at = now + delay if execution.parent_id is None else None
    data = {"reason": reason, "attempt": execution.attempt, "available_at": head.available_at}
    move(execution, head, State.QUEUED, kind="execution.retried", data=data, now=now)
    if head.available_at is not None:
        enqueue_run(execution.id, at=head.available_at if delay else None)


def artifact_payload(artifact: Artifact) -> dict[str, Any]:
    return {
        "artifact_id": artifact.id,
        "relpath_in_workspace": artifact.relpath,
        "document_type": artifact.document_type,
        "content_type": artifact.content_type,
        "size_bytes": artifact.size_bytes,
    }


def _finish(lease: Lease, to: State, kind: str, fields: dict[str, Any], now: datetime) -> SkillExecution:
    with transaction.atomic():
        fenced_head(lease)
        head, execution = locked_execution(lease.run_id)
        for name, value in fields.items():
            setattr(execution, name, value)
        move(execution, head, to, kind=kind, data=fields, now=now, also=fields)
    return execution


def _add_usage(execution_id: uuid.UUID, progress: Progress) -> None:
    execution = SkillExecution.objects.select_for_update(no_key=True).get(pk=execution_id)
    execution.input_tokens += sum(usage.input_tokens for usage in progress.usages)
    execution.output_tokens += sum(usage.output_tokens for usage in progress.usages)
    execution.cost_usd += sum((usage.cost_usd for usage in progress.usages), Decimal(0))
    execution.iteration_count += progress.iterations
    execution.save(update_fields=["input_tokens", "output_tokens", "cost_usd", "iteration_count"])
