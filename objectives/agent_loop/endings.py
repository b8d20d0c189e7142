"""The ends that the loop itself decides on: an answer, a failure, or waiting for the next message."""

from datetime import datetime
from typing import Any

from executions.models import RunHead
from executions.runs.event_kinds import EventKind
from objectives.actions.cancellation import end
from objectives.lifecycles.objectives import move
from objectives.models import ErrorType, Objective, ObjectiveState


def finalize(objective: Objective, head: RunHead, output: dict[str, Any], *, now: datetime) -> None:
    """End a locked objective with what it is for."""
    objective.output = output
    end(
        objective,
        head,
        ObjectiveState.FINALIZED,
        kind=EventKind.FINALIZED,
        payload={"output": output},
        now=now,
        also=["output"],
    )


def fail_objective(
    objective: Objective, head: RunHead, error: ErrorType, message: str, *, now: datetime
) -> None:
    """End a locked objective without a result; the message is for people and names no secret."""
    objective.error_type = error
    end(
        objective,
        head,
        ObjectiveState.FAILED,
        kind=EventKind.FAILED,
        payload={"error_type": error.value, "message": message},
        now=now,
        also=["error_type", "failures", "lost_worker_count", "ask_not_before"],
    )


def rest(objective: Objective, head: RunHead, *, is_idle: bool, now: datetime) -> None:
    """Let a locked objective wait for people; the clock of inactivity runs only where it `is_idle`."""
    objective.idle_since = now if is_idle else None
    move(objective, head, ObjectiveState.WAITING, now=now, also=["idle_since"])
