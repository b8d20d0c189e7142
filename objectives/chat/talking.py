"""Carrying out what a chat client asks, and from which number of the log its answer is told."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, Subquery

from executions.runs.event_kinds import EventKind
from executions.runs.models import RunEvent, RunHead
from objectives.actions.approvals import approve_call, deny_call
from objectives.actions.continuation import continue_objective
from objectives.actions.message_files import files_named
from objectives.actions.new_objective import NewObjective
from objectives.actions.supplied_results import supply_content
from objectives.actions.threads import NewThread, agent_address, start_thread
from objectives.chat.bodies import Decision, Output, TurnAsk
from objectives.ids import Prefix, read
from objectives.models import (
    ApprovalStatus,
    ExecutionStatus,
    Objective,
    ObjectiveState,
    QueuedAction,
    Thread,
    ToolCall,
)
from objectives.tool_results.outcome import Text
from spaces.access import SpaceAccess
from spaces.errors import IllegalMove, Invalid, NotFound
from spaces.ids import parse_uuid

MOVING = frozenset({ObjectiveState.PENDING, ObjectiveState.RUNNING, ObjectiveState.INTERRUPTING})


@dataclass(frozen=True)
class Telling:
    """From where a turn is told: what follows `at`; nothing of it up to `muted_until`.

    `ends_after` is the number up to which a rest in the log is none any more, `rests_at` the one at which
    the turn rests already (0: it moves).
    """

    thread_id: uuid.UUID
    at: int
    ends_after: int
    rests_at: int = 0
    muted_until: int = 0
    reopens: bool = False
    queued: QueuedAction | None = None
    is_new: bool = False


def find_thread(access: SpaceAccess, named: str) -> Thread | None:
    """A thread of the space by its id, or by what this caller's client calls it; None for no such one."""
    rows = Thread.objects.filter(space_id=access.space_id).select_related("objective")
    mine = Q(client_id=named, created_by_id=access.principal_id)
    known = parse_uuid(named) or read(Prefix.OBJECTIVE, named)
    return rows.filter(mine if known is None else mine | Q(pk=known)).first() if named else None


def the_thread(access: SpaceAccess, named: str) -> Thread:
    """The same; raises NotFound."""
    thread = find_thread(access, named)
    if thread is None:
        raise NotFound
    return thread


def take(access: SpaceAccess, ask: TurnAsk, *, key: str | None = None, now: datetime) -> Telling:
    """Do what is asked; raises Invalid naming the field, NotFound, NotReady, NotPermitted and Conflict."""
    thread = find_thread(access, ask.thread)
    if thread is None:
        return _begin(access, ask, key=key, now=now)
    if ask.decisions or ask.outputs:
        before = RunHead.objects.values_list("seq", flat=True).get(pk=thread.pk)
        for decision in ask.decisions:
            decide(access, decision, now=now)
        for output in ask.outputs:
            supply(access, output, now=now)
        state, seq = _standing(thread.pk)
        rests_at = 0 if state in MOVING else seq
        at = newest_message(thread.pk) - 1
        return Telling(thread.pk, at, before, rests_at=rests_at, muted_until=before, reopens=True)
    return _say(access, thread, ask, key=key, now=now)


def _begin(access: SpaceAccess, ask: TurnAsk, *, key: str | None, now: datetime) -> Telling:
    if not ask.text.strip() or (ask.thread and not ask.is_named_by_client):
        raise NotFound
    thread = start_thread(access=access, new=new_thread(access, ask, now=now), idempotency_key=key, now=now)
    at = newest_message(thread.pk)
    return Telling(thread.pk, at - 1, at, is_new=True)


def new_thread(access: SpaceAccess, ask: TurnAsk, *, now: datetime) -> NewThread:
    """The thread that an ask begins."""
    wanted = NewObjective(
        agent=agent_address(access, ask.agent, now=now),
        first_user_message=ask.text,
        files=files_named(ask.files, access.principal_id, "body", "uploaded_files"),
        is_chat=True,
    )
    return NewThread(
        objective=wanted,
        title=ask.title,
        project_id=ask.project_id,
        client_id=ask.thread if ask.is_named_by_client else "",
        metadata=ask.metadata,
    )


def _say(access: SpaceAccess, thread: Thread, ask: TurnAsk, *, key: str | None, now: datetime) -> Telling:
    before = RunHead.objects.values_list("seq", flat=True).get(pk=thread.pk)
    said = say(access, thread, ask.text, ask.files, key=key, now=now)
    if isinstance(said, QueuedAction):
        return Telling(thread.pk, before, before, queued=said)
    return Telling(thread.pk, said.seq - 1, said.seq)


def say(
    access: SpaceAccess,
    thread: Thread,
    text: str,
    files: tuple[str, ...] = (),
    *,
    key: str | None = None,
    now: datetime,
) -> RunEvent | QueuedAction:
    """Say something in a thread: its event, or the queued message where a turn runs."""
    if not text.strip():
        raise Invalid.field("body", "message", msg="The message is empty.", kind="missing")
    kept = files_named(files, access.principal_id, "body", "uploaded_files")
    return continue_objective(
        access=access,
        objective_id=thread.pk,
        message=text,
        enqueue=True,
        files=kept,
        idempotency_key=key,
        now=now,
    )


def decide(access: SpaceAccess, decision: Decision, *, now: datetime) -> ToolCall:
    """A person's word on a call. The same word again changes nothing; another one raises IllegalMove."""
    call = call_named(access, decision.call_id)
    wanted = ApprovalStatus.APPROVED if decision.is_approved else ApprovalStatus.DENIED
    objective_id, call_id, memo = call.objective_id, call.id, decision.memo
    try:
        if decision.is_approved:
            return approve_call(access=access, objective_id=objective_id, call_id=call_id, now=now)
        return deny_call(access=access, objective_id=objective_id, call_id=call_id, memo=memo, now=now)
    except IllegalMove:
        call.refresh_from_db(fields=["approval", "execution"])
        if call.approval != wanted:
            raise
        return call


def supply(access: SpaceAccess, output: Output, *, now: datetime) -> ToolCall | None:
    """The content of a call that waits for it; None where it has one or waits for none."""
    call = call_named(access, output.call_id)
    if call.execution != ExecutionStatus.WAITING_FOR_CONTENT:
        return None
    return supply_content(
        access=access,
        objective_id=call.objective_id,
        call_id=call.id,
        drafts=[Text(output.text)],
        now=now,
    )


def call_named(access: SpaceAccess, public_id: str) -> ToolCall:
    """A tool call of the space by its public id; raises NotFound."""
    call_id = read(Prefix.TOOL_CALL, public_id)
    found = ToolCall.objects.filter(pk=call_id, space_id=access.space_id) if call_id else None
    call = found.select_related("objective").first() if found is not None else None
    if call is None:
        raise NotFound
    return call


def newest_message(objective_id: uuid.UUID) -> int:
    """The number of the event by which a person was heard last."""
    heard = RunEvent.objects.filter(run_id=objective_id, kind=EventKind.USER_MESSAGE)
    return heard.order_by("-seq").values_list("seq", flat=True)[0]


def under_way(thread_id: uuid.UUID) -> Telling | None:
    """The turn of a thread that is under way, from its beginning; None where none is."""
    state, seq = _standing(thread_id)
    if state not in MOVING:
        return None
    return Telling(thread_id, newest_message(thread_id) - 1, seq)


def _standing(objective_id: uuid.UUID) -> tuple[str, int]:
    """An objective's state and how far its log goes: by one statement, so that both belong together."""
    head = RunHead.objects.filter(pk=OuterRef("pk")).values("seq")
    found = Objective.objects.filter(pk=objective_id).annotate(seq=Subquery(head))
    return found.values_list("state", "seq").get()


def space_of_call(public_id: str) -> uuid.UUID | None:
    """Where a tool call is, by its public id; None where there is no such one."""
    call_id = read(Prefix.TOOL_CALL, public_id)
    return ToolCall.objects.filter(pk=call_id).values_list("space_id", flat=True).first() if call_id else None
