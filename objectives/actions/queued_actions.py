"""What waits for the end of a turn: further messages, and compactions that were asked for."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from django.db import transaction
from django.db.models import QuerySet

from executions.models import RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.locks import locked
from executions.runs.models import RunEvent
from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.actions.message_files import KeptFile, attach_files, file_facts, kept_files, told_model
from objectives.events import event
from objectives.ids import Json
from objectives.lifecycles.objectives import note
from objectives.models import (
    ActionKind,
    ActionState,
    ContextWindow,
    Objective,
    QueuedAction,
    UserMessage,
)
from spaces.access import SpaceAccess
from spaces.errors import IllegalMove, NotFound, NotReady

MOST_AT_ONCE = 100  # messages of one transaction: nobody else gets at the objective meanwhile
MOST_QUEUED = 1_000  # of one objective: all of it is to be heard some day


def enqueue_action(
    objective: Objective,
    kind: ActionKind,
    *,
    by: uuid.UUID,
    now: datetime,
    content: str = "",
    files: Sequence[KeptFile] = (),
    compaction: Json | None = None,
) -> QueuedAction:
    """One more thing to do for a locked objective, after what was queued before it; raises NotReady.

    That is where too much is queued already.
    """
    if _queued(objective).count() >= MOST_QUEUED:
        raise NotReady(f"This objective still has {MOST_QUEUED:,} queued actions to deliver first.")
    return QueuedAction.objects.create(
        objective=objective,
        space_id=objective.space_id,
        kind=kind,
        content=content,
        files=[file._asdict() for file in files],
        compaction=compaction,
        created_by_id=by,
        created_at=now,
    )


def queue_message(
    objective: Objective,
    head: RunHead,
    content: str,
    *,
    files: Sequence[KeptFile] = (),
    by: uuid.UUID,
    now: datetime,
) -> QueuedAction:
    """A message that a locked objective hears after its turn, and the event that tells of it."""
    queued = enqueue_action(objective, ActionKind.USER_MESSAGE, by=by, now=now, content=content, files=files)
    facts = {"action_id": str(queued.id), "content": content, **file_facts(files)}
    note(objective, head, [event(EventKind.MESSAGE_QUEUED, facts, now=now, by=by)])
    return queued


def remove_action(
    *, access: SpaceAccess, objective_id: uuid.UUID, action_id: uuid.UUID, now: datetime
) -> QueuedAction:
    """Cancel a queued action; raises IllegalMove once it is sent, removed or discarded, and NotFound."""
    access.require(MANAGE_OBJECTIVES)
    with transaction.atomic():
        head, objective = locked(Objective, objective_id, access.space_id)
        action = QueuedAction.objects.filter(pk=action_id, objective_id=objective_id).first()
        if action is None:
            raise NotFound
        if action.state != ActionState.QUEUED:
            raise IllegalMove("queued action", action.state, ActionState.REMOVED)
        action.state = ActionState.REMOVED
        action.save(update_fields=["state"])
        if action.kind == ActionKind.USER_MESSAGE:
            facts = {"action_id": str(action.id)}
            note(
                objective, head, [event(EventKind.MESSAGE_WITHDRAWN, facts, now=now, by=access.principal_id)]
            )
    return action


def next_action(objective: Objective) -> QueuedAction | None:
    """What was queued first of what is still to be done, for a locked objective."""
    return _queued(objective).first()


def mark_sent(action: QueuedAction, done: RunEvent, *, now: datetime) -> None:
    """The action of a locked objective is done; `done` is the event that it became."""
    _mark_all_sent([action], [done], now=now)


def discard_actions(objective: Objective) -> None:
    """Nothing that is still queued for a locked objective will happen: it is over."""
    _queued(objective).update(state=ActionState.DISCARDED)


def restore_actions(objective: Objective) -> None:
    """What was queued for a locked objective when it was over is to be done after all: it goes on."""
    discarded = QueuedAction.objects.filter(objective=objective, state=ActionState.DISCARDED)
    discarded.update(state=ActionState.QUEUED)


def send_messages(objective: Objective, head: RunHead, *, now: datetime) -> bool:
    """Let the model hear the first of the queued messages of a locked objective, up to a compaction.

    To be called between two turns, when no tool call is open. True where there were any: more may wait.
    """
    first = _queued(objective)[:MOST_AT_ONCE]
    actions = list(takewhile(lambda action: action.kind == ActionKind.USER_MESSAGE, first))
    if not actions:
        return False
    said = [
        Utterance(one.content, one.created_by_id, kept_files(one.files), queued_as=one.id) for one in actions
    ]
    heard = _say(objective, head, said, now=now)
    _mark_all_sent(actions, heard, now=now)
    return True


def say(
    objective: Objective,
    head: RunHead,
    content: str,
    *,
    files: Sequence[KeptFile] = (),
    by: uuid.UUID,
    now: datetime,
) -> RunEvent:
    """A person's message, after the newest turn of a locked objective; the event that it is."""
    return _say(objective, head, [Utterance(content, by, files)], now=now)[0]


@dataclass(frozen=True)
class Utterance:
    """What somebody says, and which queued action it was before."""

    content: str
    by: uuid.UUID
    files: Sequence[KeptFile] = ()
    queued_as: uuid.UUID | None = None

    def facts(self, message_id: uuid.UUID) -> Json:
        """What the event tells of it."""
        queued = {"queued_as": str(self.queued_as)} if self.queued_as else {}
        return {"content": self.content, "message_id": str(message_id), **file_facts(self.files), **queued}


def _say(objective: Objective, head: RunHead, said: Sequence[Utterance], *, now: datetime) -> list[RunEvent]:
    """Messages in order; their events."""
    window = newest_window(objective)
    messages = UserMessage.objects.bulk_create(
        UserMessage(
            objective=objective,
            window=window,
            after_turn=objective.turn,
            content=told_model(one.content, one.files),
            created_at=now,
        )
        for one in said
    )
    attach_files((message, one.files) for message, one in zip(messages, said, strict=True))
    if objective.is_interrupted:
        objective.is_interrupted = False
        objective.save(update_fields=["is_interrupted"])
    events = [
        event(EventKind.USER_MESSAGE, one.facts(message.id), now=now, window_id=window.id, by=one.by)
        for message, one in zip(messages, said, strict=True)
    ]
    return note(objective, head, events)


def _queued(objective: Objective) -> QuerySet[QueuedAction]:
    """What is still to be done, in order."""
    queued = QueuedAction.objects.filter(objective=objective, state=ActionState.QUEUED)
    return queued.order_by("created_at", "id")


def _mark_all_sent(actions: Sequence[QueuedAction], done: Sequence[RunEvent], *, now: datetime) -> None:
    """These actions became these events, one each."""
    for action, row in zip(actions, done, strict=True):
        action.state, action.sent_at, action.event_id = ActionState.SENT, now, row.event_id
    QueuedAction.objects.bulk_update(actions, ["state", "sent_at", "event_id"])


def newest_window(objective: Objective) -> ContextWindow:
    """The window in which the conversation goes on."""
    return ContextWindow.objects.filter(objective=objective).latest("sequence")
