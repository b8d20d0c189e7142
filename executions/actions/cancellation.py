"""Cancelling an execution: somebody asks, and whoever runs it confirms."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from executions.lifecycle import move
from executions.models import OPEN, RunHead, RunKind, SkillExecution, State
from executions.runs import verbs
from executions.runs.event_kinds import EventKind
from executions.runs.feed import append_to_feed
from executions.runs.log import NewEvent, append
from executions.runs.registry import Below
from spaces.access import SpaceAccess


def request_cancel(*, access: SpaceAccess, execution_id: uuid.UUID, now: datetime) -> SkillExecution:
    """Ask that an execution stops, its sub-executions with it.

    One that waits is cancelled at once; one that runs keeps running until its worker confirms, or a deadline
    forces it. Asking again changes nothing. Raises NotFound, NotPermitted, and IllegalMove once it has
    succeeded or failed.
    """
    access.require("executions:manage")
    execution: SkillExecution = verbs.request_cancel(
        RunKind.EXECUTION, execution_id, access.space_id, by=access.principal_id, now=now
    )
    return execution


def cancel(execution: SkillExecution, head: RunHead, /, *, now: datetime, **facts: Any) -> None:
    """End a locked execution that was asked to stop; `facts` say how it came to that."""
    move(execution, head, State.CANCELLED, data=facts, now=now)


def note_cancel(execution: SkillExecution, head: RunHead, *, now: datetime) -> None:
    """Tell the log that a locked, running execution was asked to stop."""
    payload = {"cancel_requested_at": now, "requested_by": execution.cancel_requested_by_id}
    event = append(head, [NewEvent(EventKind.CANCEL_REQUESTED, payload, now)])
    head.save(update_fields=["seq", "last_event_id"])
    append_to_feed(head.space_id, event)


def open_below(execution_id: uuid.UUID) -> Iterator[Below]:
    """The sub-executions in which something may still happen."""
    children = SkillExecution.objects.filter(parent_id=execution_id, state__in=OPEN)
    for child_id, space_id in children.values_list("id", "space_id"):
        yield RunKind.EXECUTION, child_id, space_id
