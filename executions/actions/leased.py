"""What a worker writes about a run that it has leased. Every write is fenced."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from executions.lifecycle import move
from executions.models import Artifact, HeadState, LateUsage, RunHead, SkillExecution, State
from executions.runs import verbs
from executions.runs.event_kinds import EventKind
from executions.runs.lease import Lease, append_and_renew, fenced_head, release
from executions.runs.locks import leased
from executions.runs.log import NewEvent, append

SHUTDOWN = "shutdown"  # why a run is handed back by a worker that ends: no attempt of the skill is used up


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


def record(*, lease: Lease, progress: Progress) -> None:
    """Append a batch and add its usage to the row; raises LeaseLost, then nothing is written.

    Usage that comes after the lease is lost is real money all the same: see `record_late_usage`.
    """
    with transaction.atomic():
        append_and_renew(lease, progress.events)
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
    """Commit artifacts (unsaved rows, their bytes stored) and the archive's id and blob; raises LeaseLost.

    May be repeated: the same file of the same kind stays as it was committed, and is not told again.
    """
    with transaction.atomic():
        head = fenced_head(lease)
        known = {row.relpath: row for row in Artifact.objects.filter(execution_id=lease.run_id)}
        new = [one for one in artifacts if not _is_same(one, known.get(one.relpath))]
        # A former attempt may have come this far before its worker vanished: the newer file takes its place.
        replaced = [known[one.relpath].pk for one in new if one.relpath in known]
        Artifact.objects.filter(pk__in=replaced).delete()
        Artifact.objects.bulk_create(new)
        if archive is not None:
            archive_id, sha256 = archive
            SkillExecution.objects.filter(pk=lease.run_id).update(
                workspace_archive_id=archive_id, archive_blob_id=sha256
            )
        append(
            head,
            [NewEvent(EventKind.ARTIFACT_COMMITTED, artifact_payload(artifact), now) for artifact in new],
        )
        head.save(update_fields=["seq", "last_event_id"])


def finish_succeeded(*, lease: Lease, outputs: Mapping[str, Any], now: datetime) -> SkillExecution:
    """End the run with its outputs; raises LeaseLost."""
    return _finish(lease, State.SUCCEEDED, {"outputs": dict(outputs)}, now)


def finish_failed(*, lease: Lease, reason: str, error: Mapping[str, Any], now: datetime) -> SkillExecution:
    """End the run with a reason and what a person should know; raises LeaseLost."""
    fields = {"failure_reason": reason, "error": dict(error)}
    return _finish(lease, State.FAILED, fields, now)


def finish_cancelled(*, lease: Lease, now: datetime) -> SkillExecution:
    """Confirm that the run has stopped because somebody asked; raises LeaseLost."""
    return _finish(lease, State.CANCELLED, {}, now)


def hand_back(*, lease: Lease, reason: str, delay: timedelta, now: datetime) -> SkillExecution:
    """Put the run back into the queue for a further attempt after `delay`; raises LeaseLost.

    `reason` is a failure reason, or SHUTDOWN for a worker that ends: that attempt does not count.
    """
    with transaction.atomic():
        head, execution = leased(SkillExecution, lease)
        requeue(execution, head, reason=reason, delay=delay, now=now)
    return execution


def requeue(
    execution: SkillExecution, head: RunHead, *, reason: str, delay: timedelta, now: datetime
) -> None:
    """Move a locked, running execution back to queued, with its job.

    A sub-execution gets none: it waits for its parent.
    """
    if reason == SHUTDOWN:
        execution.attempt -= 1
    if execution.parent_id is None:
        verbs.requeue(head, delay)
    else:
        release(head, HeadState.QUEUED)
    data = {"reason": reason, "attempt": execution.attempt, "available_at": head.available_at}
    move(execution, head, State.QUEUED, data=data, now=now, also=["attempt"])


def artifact_payload(artifact: Artifact) -> dict[str, Any]:
    return {
        "artifact_id": artifact.id,
        "relpath_in_workspace": artifact.relpath,
        "document_type": artifact.document_type,
        "content_type": artifact.content_type,
        "size_bytes": artifact.size_bytes,
    }


def _is_same(artifact: Artifact, known: Artifact | None) -> bool:
    """Whether this file is committed already, with these bytes and as this kind."""
    columns = ("blob_id", "document_type", "content_type")
    return known is not None and all(getattr(artifact, name) == getattr(known, name) for name in columns)


def _finish(lease: Lease, to: State, fields: dict[str, Any], now: datetime) -> SkillExecution:
    with transaction.atomic():
        head, execution = leased(SkillExecution, lease)
        for name, value in fields.items():
            setattr(execution, name, value)
        move(execution, head, to, data=fields, now=now, also=fields)
    return execution


def _add_usage(execution_id: uuid.UUID, progress: Progress) -> None:
    usages = progress.usages
    SkillExecution.objects.filter(pk=execution_id).update(
        input_tokens=F("input_tokens") + sum(usage.input_tokens for usage in usages),
        output_tokens=F("output_tokens") + sum(usage.output_tokens for usage in usages),
        cost_usd=F("cost_usd") + sum((usage.cost_usd for usage in usages), Decimal(0)),
        iteration_count=F("iteration_count") + progress.iterations,
    )
