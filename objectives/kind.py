"""How objectives are run: what workers and sweepers ask about them."""

import uuid
from datetime import datetime

from django.utils import timezone

from executions.models import RunKind
from executions.runlog.kinds import Chore, KindOfRun, register_kind
from objectives.actions.expiring import (
    expire_approval,
    expire_content,
    expired_approvals,
    expired_contents,
    idle_objectives,
    time_out_objective,
)
from objectives.loop.claiming import begin_attempt, begin_first_attempt
from objectives.loop.healing import force_cancel_objective, heal_objective
from objectives.models import ToolCall


def register() -> None:
    """Called once, when the app is ready."""
    register_kind(
        KindOfRun(
            name=RunKind.OBJECTIVE,
            begin=begin_attempt,
            begin_first=begin_first_attempt,
            heal=heal_objective,
            force_cancel=force_cancel_objective,
            attempt="objectives.loop.attempt.run_attempt",
            chores=(
                Chore("decide in default", _late_approvals, _expire_approval),
                Chore("end without content", _late_contents, _expire_content),
                Chore("time out", _idle, _time_out),
            ),
        )
    )


def _late_approvals() -> list[uuid.UUID]:
    return [call_id for _, call_id in expired_approvals(timezone.now())]


def _late_contents() -> list[uuid.UUID]:
    return [call_id for _, call_id in expired_contents(timezone.now())]


def _idle() -> list[uuid.UUID]:
    return idle_objectives(timezone.now())


def _expire_approval(call_id: uuid.UUID, now: datetime) -> None:
    expire_approval(objective_id=_objective_of(call_id), call_id=call_id, now=now)


def _expire_content(call_id: uuid.UUID, now: datetime) -> None:
    expire_content(objective_id=_objective_of(call_id), call_id=call_id, now=now)


def _time_out(objective_id: uuid.UUID, now: datetime) -> None:
    time_out_objective(objective_id=objective_id, now=now)


def _objective_of(call_id: uuid.UUID) -> uuid.UUID:
    return ToolCall.objects.values_list("objective_id", flat=True).get(pk=call_id)
