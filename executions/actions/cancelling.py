"""Cancelling: somebody asks, and whoever runs it confirms."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from executions.actions.locking import locked_execution
from executions.lifecycle import check_move, move
from executions.models import ACTIVE, RunHead, SkillExecution, State
from executions.runlog.events import NewEvent, append
from executions.runlog.feed import append_to_feed
from spaces.access import SpaceAccess


def request_cancel(*, access: SpaceAccess, execution_id: uuid.UUID, now: datetime) -> SkillExecution:
    """Ask that an execution stops, its sub-executions with it.

    One that waits is cancelled at once; one that runs keeps running until its worker confirms, or a deadline
    forces it. Asking again changes nothing. Raises NotFound, NotPermitted, and IllegalMove once it has
    succeeded or failed.
    """
    access.require("executions:manage")
    execution = _request(execution_id, access.space_id, access.principal_id, now)
    cancel_sub_executions(execution.id, principal_id=access.principal_id, now=now)
    return execution


def cancel_execution(
    execution_id: uuid.UUID, space_id: uuid.UUID, *, by: uuid.UUID | None, now: datetime
) -> None:
    """The same for what was started on behalf of something that is stopped itself; idempotent.

    One that is over stays as it is. Raises NotFound.
    """
    execution = _request(execution_id, space_id, by, now, is_cascade=True)
    cancel_sub_executions(execution.id, principal_id=by, now=now)


def cancel_sub_executions(parent_id: uuid.UUID, *, principal_id: uuid.UUID | None, now: datetime) -> None:
    """Ask the same of every open sub-execution, each in a transaction of its own; idempotent."""
    children = SkillExecution.objects.filter(parent_id=parent_id, state__in=ACTIVE)
    for child_id, space_id in children.values_list("id", "space_id"):
        child = _request(child_id, space_id, principal_id, now, is_cascade=True)
        cancel_sub_executions(child.id, principal_id=principal_id, now=now)


def _request(
    execution_id: uuid.UUID,
    space_id: uuid.UUID,
    principal_id: uuid.UUID | None,
    now: datetime,
    *,
    is_cascade: bool = False,
) -> SkillExecution:
    with transaction.atomic():
        head, execution = locked_execution(execution_id, space_id)
        if execution.state == State.CANCELLED or (is_cascade and execution.is_finished):
            return execution
        check_move(execution, State.CANCELLED)
        if head.cancel_requested_at is not None:
            return execution
        execution.cancel_requested_at, execution.cancel_requested_by_id = now, principal_id
        # The sweeper forces what is not confirmed in time: between machines only the database's clock counts.
        head.cancel_requested_at = Now()
        head.save(update_fields=["cancel_requested_at"])
        asked = ["cancel_requested_at", "cancel_requested_by_id"]
        if execution.state == State.QUEUED:
            data = {"requested_by": principal_id}
            move(execution, head, State.CANCELLED, kind="execution.cancelled", data=data, now=now, also=asked)
        else:
            execution.save(update_fields=asked)
            _note_request(head, principal_id, now)
    return execution


def _note_request(head: RunHead, principal_id: uuid.UUID | None, now: datetime) -> None:
    payload = {"cancel_requested_at": now, "requested_by": principal_id}
    event = append(head, [NewEvent("execution.cancel_requested", payload, now)])
    head.save(update_fields=["seq", "last_event_id"])
    append_to_feed(head.space_id, event)
