"""Sub-executions: one skill calls another, in its own slot and its own remaining time."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from executions.actions.creation import Order, check_order, create_execution, find_version
from executions.models import RunEvent, SkillExecution, Source
from executions.runs.event_kinds import EventKind
from executions.runs.lease import Lease, fenced_head
from executions.runs.locks import leased
from executions.runs.log import NewEvent, append
from spaces.errors import Conflict
from spaces.idempotency import digest_request

MAX_DEPTH = 4


class TooDeep(Conflict):
    """Skills call each other at most four deep."""


def start_sub_execution(
    *, lease: Lease, call_key: str, slug: str, inputs: dict[str, Any], files: Sequence[str], now: datetime
) -> SkillExecution:
    """The sub-execution that this run calls by this key: made now, or the one a former attempt made.

    It waits in the queue without a job: the caller runs it. Raises LeaseLost, NotFound for an unknown skill,
    Invalid for bad inputs, TooDeep, and Conflict where the key was used for another call.
    """
    with transaction.atomic():
        head, parent = leased(SkillExecution, lease)
        digest = digest_request(slug, inputs, list(files))
        known = SkillExecution.objects.filter(parent=parent, call_key=call_key).first()
        if known is not None:
            if bytes(known.request_digest) != digest:
                raise Conflict(f"The call key {call_key!r} was already used for another call.")
            return known
        if parent.depth >= MAX_DEPTH:
            raise TooDeep
        order = _order(parent, call_key, inputs, files, request_digest=digest)
        version, manifest = find_version(parent.tenant_id, slug)
        check_order(order, manifest, inputs_name="inputs")
        child = create_execution(order, version, now=now)
        payload = {
            "execution_id": child.id,
            "call_key": call_key,
            "skill_slug": slug,
            "skill_version": child.version,
        }
        append(head, [NewEvent(EventKind.SUB_EXECUTION_STARTED, payload, now)])
        head.save(update_fields=["seq", "last_event_id"])
    return child


def note_sub_execution_finished(*, lease: Lease, child_id: uuid.UUID, now: datetime) -> SkillExecution:
    """Tell the caller's log how its sub-execution ended, once; raises LeaseLost.

    A former attempt may have done so already: then nothing is written.
    """
    with transaction.atomic():
        head = fenced_head(lease)
        child = SkillExecution.objects.get(pk=child_id, parent_id=lease.run_id)
        kind = EventKind.SUB_EXECUTION_FINISHED
        if RunEvent.objects.filter(run_id=lease.run_id, kind=kind, data__execution_id=str(child_id)).exists():
            return child
        payload = {
            "execution_id": child.id,
            "call_key": child.call_key,
            "state": child.state,
            "failure_reason": child.failure_reason,
        }
        append(head, [NewEvent(kind, payload, now)])
        head.save(update_fields=["seq", "last_event_id"])
    return child


def _order(
    parent: SkillExecution,
    call_key: str,
    inputs: dict[str, Any],
    files: Sequence[str],
    *,
    request_digest: bytes,
) -> Order:
    return Order(
        space_id=parent.space_id,
        tenant_id=parent.tenant_id,
        principal_id=parent.principal_id,
        source=Source.SUB_SKILL,
        inputs=inputs,
        file_source_ids=files,
        model=parent.model,
        request_digest=request_digest,
        parent=parent,
        call_key=call_key,
    )
