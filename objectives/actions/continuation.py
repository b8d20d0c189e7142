"""Going on with an objective that waits: a further message, or a compaction."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from executions.models import RunKind
from executions.runs.locks import locked
from executions.runs.models import RunEvent
from executions.runs.verbs import cancel_below
from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.actions.message_files import KeptFile
from objectives.actions.queued_actions import enqueue_action, queue_message, say, send_messages
from objectives.actions.resumption import take_up
from objectives.actions.wakeup import has_open_calls, wake
from objectives.ids import Json
from objectives.models import ActionKind, Objective, ObjectiveState, QueuedAction
from spaces.access import SpaceAccess
from spaces.errors import IllegalMove, Invalid, NotReady
from spaces.idempotency import Repeatable, make_once
from spaces.phrases import standing_of

type Said = RunEvent | QueuedAction


def continue_objective(
    *,
    access: SpaceAccess,
    objective_id: uuid.UUID,
    message: str,
    enqueue: bool,
    files: Sequence[KeptFile] = (),
    idempotency_key: str | None = None,
    now: datetime,
) -> Said:
    """Say something more to an objective, or take one up again that failed for a cause which may pass.

    One that waits for it goes on at once, and the message's event is returned. One that is busy gets it
    after its turn where `enqueue` is set. One that has failed goes on from where it stood and needs no
    message. With the same key again it has been said, and is returned. Raises NotReady where it is busy or
    its failure is final, IllegalMove where it is over in another way, Invalid for no message, and Conflict
    for a key that was used for something else.
    """
    access.require(MANAGE_OBJECTIVES)
    _stop_what_failed(objective_id, access.space_id, now=now)
    what = Repeatable[Said](
        partial(_continue, access, objective_id, message, enqueue=enqueue, files=files, now=now),
        lambda said: said.id if isinstance(said, QueuedAction) else said.event_id,
        partial(_said, objective_id),
    )
    request = ("message", str(objective_id), message, enqueue, *([files] if files else ()))
    return make_once(what, idempotency_key, *request, access=access, now=now)


def _continue(
    access: SpaceAccess,
    objective_id: uuid.UUID,
    message: str,
    *,
    enqueue: bool,
    files: Sequence[KeptFile],
    now: datetime,
) -> Said:
    with transaction.atomic():
        head, objective = locked(Objective, objective_id, access.space_id)
        if objective.state == ObjectiveState.FAILED:
            return take_up(objective, head, message, files=files, by=access.principal_id, now=now)
        _check_open(objective, "continued")
        if not message:
            raise Invalid.field("body", "message", msg="The message is empty.", kind="missing")
        if is_idle(objective):
            # After an interrupt older messages may wait to be heard: they come first.
            while send_messages(objective, head, now=now):
                pass
            heard = say(objective, head, message, files=files, by=access.principal_id, now=now)
            wake(objective, head, now=now)
            return heard
        if not enqueue:
            raise NotReady(f"This objective {_busy(objective)}; set enqueue to deliver it afterwards.")
        return queue_message(objective, head, message, files=files, by=access.principal_id, now=now)


def _said(objective_id: uuid.UUID, said: uuid.UUID) -> Said | None:
    queued = QueuedAction.objects.filter(pk=said, objective_id=objective_id).first()
    return queued or RunEvent.objects.filter(run_id=objective_id, event_id=said).first()


def compact_objective(
    *,
    access: SpaceAccess,
    objective_id: uuid.UUID,
    compaction: Json | None,
    idempotency_key: str | None = None,
    now: datetime,
) -> QueuedAction:
    """Ask that the conversation goes on in a new context window: at once where nothing else goes on.

    `compaction` are the strategies as the API writes them, None for the variation's own. The same key again
    asks for nothing more. Raises IllegalMove for an objective that is over, and Conflict for a key that was
    used for something else.
    """
    access.require(MANAGE_OBJECTIVES)
    what = Repeatable(
        partial(_compact, access, objective_id, compaction, now),
        lambda action: action.id,
        lambda made: QueuedAction.objects.filter(pk=made).first(),
    )
    request = ("compaction", str(objective_id), compaction)
    return make_once(what, idempotency_key, *request, access=access, now=now)


def _compact(
    access: SpaceAccess, objective_id: uuid.UUID, compaction: Json | None, now: datetime
) -> QueuedAction:
    with transaction.atomic():
        head, objective = locked(Objective, objective_id, access.space_id)
        _check_open(objective, "compacted")
        action = enqueue_action(
            objective, ActionKind.COMPACTION, by=access.principal_id, now=now, compaction=compaction
        )
        wake(objective, head, now=now)
    return action


def is_idle(objective: Objective) -> bool:
    """Whether a locked objective waits for a person's next message and for nothing else.

    After an interrupt messages may be there that the model has not heard yet: they are no work by themselves.
    """
    return objective.state == ObjectiveState.WAITING and not has_open_calls(objective)


def _stop_what_failed(objective_id: uuid.UUID, space_id: uuid.UUID, *, now: datetime) -> None:
    """Nothing that an objective had started outlives its failure, even where it is taken up at once."""
    if Objective.objects.filter(pk=objective_id, space_id=space_id, state=ObjectiveState.FAILED).exists():
        cancel_below(RunKind.OBJECTIVE, objective_id, by=None, now=now)


def _check_open(objective: Objective, verb: str) -> None:
    if objective.is_over:
        raise IllegalMove("objective", objective.state, verb)


def _busy(objective: Objective) -> str:
    return (
        "waits for a tool call" if objective.state == ObjectiveState.WAITING else standing_of(objective.state)
    )
