"""Approving and denying tool calls: decided once, by whoever is first."""

import uuid
from datetime import datetime

from django.db import transaction

from executions.models import RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.locks import locked
from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.actions.call_start import begin_bare
from objectives.actions.locks import locked_call
from objectives.actions.wakeup import wake
from objectives.events import call_event
from objectives.lifecycles.calls import decide
from objectives.lifecycles.objectives import note
from objectives.models import ApprovalStatus, Objective, ToolCall
from objectives.planning.plan import Plan
from spaces.access import SpaceAccess

EXPIRED_MEMO = "The approval timed out."
MOST_MEMO = 10_000  # characters
_DECIDED = ("decided_by", "decided_at")


def approve_call(
    *, access: SpaceAccess, objective_id: uuid.UUID, call_id: uuid.UUID, now: datetime
) -> ToolCall:
    """Let a tool call run that waits for it. A bare tool waits for its content from this moment.

    Not idempotent: the first decision wins, and any further one raises IllegalMove and changes nothing.
    Raises NotFound and NotPermitted.
    """
    access.require(MANAGE_OBJECTIVES)
    with transaction.atomic():
        head, objective = locked(Objective, objective_id, access.space_id)
        call = locked_call(objective, call_id)
        approve(call, head, objective, by=access.principal_id, now=now)
    return call


def deny_call(
    *, access: SpaceAccess, objective_id: uuid.UUID, call_id: uuid.UUID, memo: str, now: datetime
) -> ToolCall:
    """Refuse a tool call that waits; the model is told, with the memo, and goes on.

    Not idempotent, as `approve_call`. Raises IllegalMove, NotFound and NotPermitted.
    """
    access.require(MANAGE_OBJECTIVES)
    with transaction.atomic():
        head, objective = locked(Objective, objective_id, access.space_id)
        call = locked_call(objective, call_id)
        deny(call, head, objective, by=access.principal_id, memo=memo, now=now)
    return call


def approve(
    call: ToolCall, head: RunHead, objective: Objective, *, by: uuid.UUID | None, now: datetime
) -> None:
    """The same for a locked call; `by` None is the default after an expiry."""
    call.decided_by_id, call.decided_at = by, now
    decide(call, ApprovalStatus.APPROVED, also=_DECIDED)
    approved = call_event(EventKind.APPROVED, call, now=now, by=by)
    offered = Plan.read(objective.plan).of_function(call.called_as)
    begun = begin_bare(call, offered, now=now) if offered is not None and offered.is_bare else []
    # The objective goes on by the approval; that the call has its result already is what comes of it.
    wake(objective, head, [approved], now=now, is_due=not begun)
    if begun:
        note(objective, head, begun)


def deny(
    call: ToolCall,
    head: RunHead,
    objective: Objective,
    *,
    by: uuid.UUID | None,
    memo: str,
    now: datetime,
) -> None:
    """The same for a locked call; `by` None is the default after an expiry."""
    call.decided_by_id, call.decided_at, call.settled_at, call.memo = by, now, now, memo or None
    decide(call, ApprovalStatus.DENIED, also=[*_DECIDED, "settled_at", "memo"])
    wake(objective, head, [call_event(EventKind.DENIED, call, now=now, by=by, memo=memo)], now=now)
