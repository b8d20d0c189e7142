"""Taking up an objective again that failed for a cause which may pass, from where it stood.

Decision: what the failure gave up stays given up. Each open call was settled then, so the model hears of
every call once, whatever its provider insists on, and decides itself what it still needs. Only what people
had said and nobody had heard yet is heard after all.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from executions.models import RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.models import RunEvent
from objectives.actions.message_files import KeptFile
from objectives.actions.queued_actions import restore_actions, say, send_messages
from objectives.events import event
from objectives.lifecycles.objectives import move, put_in_queue
from objectives.models import PASSING, ErrorType, Objective, ObjectiveState, Thread
from spaces.errors import NotReady
from spaces.models import Space

NOT_A_ROOT = (
    "This sub-agent cannot be continued: its caller has been told that it failed. Continue the caller."
)
_TAKEN_UP = (
    *("continued_at", "continued_by", "failures", "lost_worker_count", "ask_not_before"),
    *("cancel_requested_at", "cancel_requested_by", "interrupt_requested_at"),
)


def why_not_resumable(objective: Objective) -> str:
    """Why an objective that has failed cannot be taken up again; "" where it can."""
    is_final = objective.error_type not in PASSING
    if is_final and objective.error_type == ErrorType.MODEL_ERROR:
        # In a chat people say something else, and choose another model.
        is_final = not Thread.objects.filter(pk=objective.pk).exists()
    if is_final:
        cause = objective.state_message or ErrorType(objective.error_type).label
        return f"This objective cannot be continued, since it did not fail from a temporary cause. {cause}"
    return NOT_A_ROOT if objective.parent_id is not None else ""


def take_up(
    objective: Objective,
    head: RunHead,
    message: str,
    *,
    files: Sequence[KeptFile] = (),
    by: uuid.UUID,
    now: datetime,
) -> RunEvent:
    """Let a locked objective that has failed go on, with a message or (for "") without one.

    Returns the event of the message, or else the one that says who took it up. Raises NotReady.
    """
    if reason := why_not_resumable(objective):
        raise NotReady(reason)
    _forget_the_end(objective, head, now)
    objective.continued_at, objective.continued_by_id = now, by
    failed = ErrorType(objective.error_type).label
    facts = {"message": f"Continued after it had failed: {failed}.", "error_type": objective.error_type}
    continued = event(EventKind.CONTINUED, facts, now=now, by=by)
    rows = move(objective, head, ObjectiveState.RUNNING, now=now, first=[continued], also=_TAKEN_UP)
    restore_actions(objective)
    told = rows[0]
    if message:
        # Older messages come first.
        while send_messages(objective, head, now=now):
            pass
        told = say(objective, head, message, files=files, by=by, now=now)
    put_in_queue(head)
    return told


def _forget_the_end(objective: Objective, head: RunHead, now: datetime) -> None:
    """What was asked of the objective before it failed holds no more; what its provider asked for does."""
    objective.failures = objective.lost_worker_count = 0
    objective.cancel_requested_at = objective.cancel_requested_by_id = None
    objective.interrupt_requested_at = None
    if head.cancel_requested_at is not None:
        head.cancel_requested_at = None
        head.save(update_fields=["cancel_requested_at"])
    until = objective.ask_not_before
    if until is not None:
        seconds = Space.objects.values_list("provider_patience_seconds", flat=True).get(pk=objective.space_id)
        # Somebody who knows better than a provider which wants to be left alone for a year.
        objective.ask_not_before = until if until <= now + timedelta(seconds=seconds) else None
