"""Putting an objective back to work once there is some."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from executions.models import RunHead
from executions.runs.log import NewEvent
from objectives.lifecycles.objectives import move, note, put_in_queue
from objectives.models import (
    AWAITS_JUDGEMENT,
    SETTLED,
    WAITS_FOR_PEOPLE,
    ActionState,
    ApprovalStatus,
    ExecutionStatus,
    FinishReason,
    Objective,
    ObjectiveState,
    QueuedAction,
    Step,
    ToolCall,
)

RUNNABLE = AWAITS_JUDGEMENT | Q(
    execution=ExecutionStatus.PENDING, approval__in=[ApprovalStatus.AUTO_APPROVED, ApprovalStatus.APPROVED]
)


def wake(
    objective: Objective,
    head: RunHead,
    events: Sequence[NewEvent] = (),
    *,
    now: datetime,
    is_due: bool = False,
) -> None:
    """Queue a locked objective if a worker could do something for it; one that people hold up stays.

    Safe to call after any change, whose `events` are written first: what runs already looks again by itself.
    `is_due` says that the change itself has made work, so that nobody needs to look for some.
    """
    goes_on = not objective.is_over and (is_due or has_work(objective))
    if goes_on and objective.state == ObjectiveState.WAITING:
        objective.idle_since = None
        move(objective, head, ObjectiveState.RUNNING, now=now, first=events, also=["idle_since"])
    elif events:
        note(objective, head, events)
    if goes_on:
        put_in_queue(head)


def has_work(objective: Objective) -> bool:
    """Whether there is a model to ask, a call to make or judge, a stop to confirm, or rest to be had."""
    if objective.state == ObjectiveState.INTERRUPTING or objective.cancel_requested_at is not None:
        return True
    if has_open_calls(objective):
        runnable = ToolCall.objects.filter(RUNNABLE, objective=objective).exists()
        return runnable or (objective.state == ObjectiveState.RUNNING and _only_people_are_awaited(objective))
    return (
        model_is_due(objective)
        or QueuedAction.objects.filter(objective=objective, state=ActionState.QUEUED).exists()
    )


def has_open_calls(objective: Objective) -> bool:
    """Whether something more will happen to a tool call."""
    return ToolCall.objects.filter(objective=objective).exclude(SETTLED).exists()


def _only_people_are_awaited(objective: Objective) -> bool:
    """All other runs that it waited for have ended, and nobody has said so by its state yet."""
    open_calls = ToolCall.objects.filter(objective=objective).exclude(SETTLED)
    return not open_calls.exclude(WAITS_FOR_PEOPLE).exists()


def model_is_due(objective: Objective, *, step: Step | None = None, has_calls: bool | None = None) -> bool:
    """The last thing said was not the model's: results of tools, or a person's message, wait for it.

    A turn that was interrupted waits for nothing but a person's next message. `step` is the newest response
    and `has_calls` whether it asks for calls, for whom they are at hand.
    """
    if objective.is_interrupted:
        return False
    if objective.turn == 0:
        return True
    if has_calls is None:
        has_calls = ToolCall.objects.filter(objective=objective, step__turn=objective.turn).exists()
    return (
        has_calls
        or objective.messages.filter(after_turn=objective.turn).exists()
        or _answer_is_owed(objective, step)
    )


def _answer_is_owed(objective: Objective, step: Step | None) -> bool:
    """The newest response is not whole, and no person will ask for the rest of it.

    Nobody talks with a sub-agent, or with an agent that is to give an output; and what broke off with its
    provider is asked for again.
    """
    if step is None:
        step = Step.objects.filter(objective=objective, turn=objective.turn).only("finish_reason").first()
    if step is None or step.is_whole:
        return False
    return (
        step.finish_reason == FinishReason.CUT_OFF
        or objective.parent_id is not None
        or objective.plan.get("answer_schema") is not None
    )
