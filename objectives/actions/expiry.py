"""What happens when nobody decides, answers or says anything in time."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q

from executions.models import RunHead, RunKind
from executions.runs.event_kinds import EventKind
from executions.runs.locks import locked, wait_shortly_for_locks
from executions.runs.verbs import cancel_below
from objectives.actions.approvals import EXPIRED_MEMO, approve, deny
from objectives.actions.cancellation import end
from objectives.actions.locks import locked_call
from objectives.actions.wakeup import has_open_calls, wake
from objectives.lifecycles.calls import fail
from objectives.models import (
    ApprovalStatus,
    CallError,
    ExecutionStatus,
    Objective,
    ObjectiveState,
    ToolCall,
)
from objectives.planning.plan import Plan

_BATCH = 200  # of what one sweep looks at


def expired_approvals(now: datetime) -> list[uuid.UUID]:
    """Tool calls that nobody decided about in time."""
    waiting = Q(approval=ApprovalStatus.WAITING_FOR_APPROVAL, execution=ExecutionStatus.PENDING)
    late = ToolCall.objects.filter(waiting, approval_expires_at__lte=now)
    return list(late.order_by("approval_expires_at").values_list("id", flat=True)[:_BATCH])


def expired_contents(now: datetime) -> list[uuid.UUID]:
    """Calls of bare tools whose content nobody supplied in time."""
    late = ToolCall.objects.filter(execution=ExecutionStatus.WAITING_FOR_CONTENT, content_expires_at__lte=now)
    return list(late.order_by("content_expires_at").values_list("id", flat=True)[:_BATCH])


def idle_objectives(now: datetime) -> list[uuid.UUID]:
    """Objectives that nobody has spoken to for as long as they may wait."""
    patience = ExpressionWrapper(F("inactivity_seconds") * timedelta(seconds=1), output_field=DurationField())
    late = Objective.objects.filter(idle_since__isnull=False, idle_since__lte=now - patience)
    return list(late.order_by("idle_since").values_list("id", flat=True)[:_BATCH])


def expire_approval(call_id: uuid.UUID, now: datetime) -> None:
    """Decide by the tool's default; nothing where somebody was faster. Idempotent."""
    with transaction.atomic():
        wait_shortly_for_locks()
        head, objective, call = _locked(call_id)
        if call.approval != ApprovalStatus.WAITING_FOR_APPROVAL or call.execution != ExecutionStatus.PENDING:
            return
        offered = Plan.read(objective.plan).of_function(call.called_as)
        if offered is not None and offered.approval_default == "approve":
            approve(call, head, objective, by=None, now=now)
        else:
            deny(call, head, objective, by=None, memo=EXPIRED_MEMO, now=now)


def expire_content(call_id: uuid.UUID, now: datetime) -> None:
    """End a call that waited too long for its content; nothing where it came. Idempotent."""
    with transaction.atomic():
        wait_shortly_for_locks()
        head, objective, call = _locked(call_id)
        if call.execution != ExecutionStatus.WAITING_FOR_CONTENT:
            return
        failed = fail(call, CallError.CONTENT_TIMEOUT, "The content was not supplied in time.", now=now)
        wake(objective, head, [failed], now=now)


def time_out_objective(objective_id: uuid.UUID, now: datetime) -> None:
    """End an objective that waited too long for a person's message; idempotent.

    The clock stands still while a tool call is open: approvals and contents have expiries of their own.
    """
    with transaction.atomic():
        wait_shortly_for_locks()
        head, objective = locked(Objective, objective_id)
        since = objective.idle_since
        if objective.state != ObjectiveState.WAITING or since is None or has_open_calls(objective):
            return
        if since + timedelta(seconds=objective.inactivity_seconds) > now:
            return
        payload: dict[str, object] = {"message": f"Inactive for {objective.inactivity_seconds:g} seconds."}
        end(objective, head, ObjectiveState.TIMED_OUT, kind=EventKind.TIMED_OUT, payload=payload, now=now)
    cancel_below(RunKind.OBJECTIVE, objective_id, by=None, now=now)


def _locked(call_id: uuid.UUID) -> tuple[RunHead, Objective, ToolCall]:
    objective_id = ToolCall.objects.values_list("objective_id", flat=True).get(pk=call_id)
    head, objective = locked(Objective, objective_id)
    return head, objective, locked_call(objective, call_id)
