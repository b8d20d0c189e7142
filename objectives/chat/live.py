"""A thread on the websocket: its snapshot, and the commands by which a client lives on one socket alone."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.lineage import lineage_of_execution
from executions.models import RunKind, SkillExecution
from executions.runs.verbs import request_cancel
from objectives.access.lineage import lineage_of_made, lineage_of_objective
from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.actions.threads import first_message, start_thread, stop_thread
from objectives.chat.bodies import Decision, Output, TurnAsk
from objectives.chat.representations import (
    queued_messages,
    show_queued,
    show_threads,
    show_ui_messages,
    threads_with_state,
)
from objectives.chat.talking import (
    MOVING,
    call_named,
    decide,
    new_thread,
    newest_message,
    say,
    space_of_call,
    supply,
    the_thread,
)
from objectives.chat.tool_calls import text_of
from objectives.chat.transcript import messages_of
from objectives.ids import Json
from objectives.lifecycles.calls import standing
from objectives.models import QueuedAction, Thread
from spaces.access import Caller, SpaceAccess
from spaces.errors import IllegalMove, Invalid, NotFound
from spaces.identity import spaces_within_reach
from spaces.ids import parse_uuid
from spaces.ticket_scopes import May, TicketKind, TicketSubject


def snapshot_of_thread(thread_id: uuid.UUID, base_url: str) -> Json | None:
    """The thread, its messages (the open answer too, as far as it is) and what is queued; None for none."""
    thread = Thread.objects.filter(pk=thread_id).select_related("objective").first()
    if thread is None:
        return None
    is_open = thread.objective.state in MOVING
    since = newest_message(thread_id) if is_open else None
    messages = messages_of(thread, base_url=base_url, open_since=since)
    (shown,) = show_threads(threads_with_state(thread.space_id).filter(pk=thread_id))
    queued = [show_queued(action) for action in queued_messages([thread_id])]
    return {"thread": shown, "messages": show_ui_messages(messages), "queued": queued}


@dataclass(frozen=True)
class Command:
    """What a client wants done, checked as far as its form goes."""

    verb: str
    given: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A member that must be there; raises Invalid."""
        value = self.given.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Invalid.field(name, msg=f"{name} is required.", kind="missing")
        return value


def obey(caller: Caller, command: Command, *, now: datetime) -> Json:
    """Do what a command says, and what there is to say of it; raises any domain error."""
    return _VERBS[command.verb](caller, command, now)


def _say(caller: Caller, command: Command, now: datetime) -> Json:
    text, files = command.text("text"), tuple(command.given.get("files") or ())
    named = command.given.get("thread_id")
    if named is None:
        access = _access_of(caller, command)
        _check(caller, May.SAY, [TicketSubject(TicketKind.SPACE, str(access.space_id))])
        ask = TurnAsk(thread="", text=text, files=files, agent=command.given.get("agent_id") or "")
        thread = start_thread(access=access, new=new_thread(access, ask, now=now), now=now)
        return {"thread_id": str(thread.pk), "message_id": str(first_message(thread).id)}
    access, thread = _thread(caller, named, May.SAY)
    said = say(access, thread, text, files, now=now)
    if isinstance(said, QueuedAction):
        return {"thread_id": str(thread.pk), "queued_id": str(said.id)}
    return {"thread_id": str(thread.pk), "message_id": said.data["message_id"]}


def _stop(caller: Caller, command: Command, now: datetime) -> Json:
    access, thread = _thread(caller, command.text("thread_id"), May.SAY)
    stop_thread(access=access, thread_id=thread.pk, now=now)
    return {"thread_id": str(thread.pk)}


def _decide(caller: Caller, command: Command, now: datetime) -> Json:
    access, call_id = _call(caller, command)
    memo = command.given.get("memo") or ""
    decide(access, Decision(call_id, command.verb == "approve", memo), now=now)
    return {"tool_call_id": call_id}


def _content(caller: Caller, command: Command, now: datetime) -> Json:
    access, call_id = _call(caller, command)
    if supply(access, Output(call_id, text_of(command.given.get("content"))), now=now) is None:
        raise IllegalMove("tool call", standing(call_named(access, call_id)), "given content")
    return {"tool_call_id": call_id}


def _cancel(caller: Caller, command: Command, now: datetime) -> Json:
    run_id = parse_uuid(command.text("execution_id"))
    found = SkillExecution.objects.filter(pk=run_id) if run_id else SkillExecution.objects.none()
    space_id = found.values_list("space_id", flat=True).first()
    if run_id is None or space_id is None:
        raise NotFound
    _check(caller, May.CANCEL, lineage_of_execution(run_id))
    access = caller.access(space_id).require("executions:manage")
    request_cancel(RunKind.EXECUTION, run_id, space_id, by=access.principal_id, why="Cancelled.", now=now)
    return {"execution_id": str(run_id)}


_VERBS: dict[str, Callable[[Caller, Command, datetime], Json]] = {
    "say": _say,
    "stop": _stop,
    "approve": _decide,
    "deny": _decide,
    "content": _content,
    "cancel": _cancel,
}


def _thread(caller: Caller, named: str, may: May) -> tuple[SpaceAccess, Thread]:
    known = parse_uuid(named)
    space_id = Thread.objects.filter(pk=known).values_list("space_id", flat=True).first() if known else None
    if space_id is None or known is None:
        raise NotFound
    access = caller.access(space_id).require(MANAGE_OBJECTIVES)
    _check(caller, may, lineage_of_objective(known))
    return access, the_thread(access, named)


def _call(caller: Caller, command: Command) -> tuple[SpaceAccess, str]:
    call_id = command.text("tool_call_id")
    space_id = space_of_call(call_id)
    if space_id is None:
        raise NotFound
    _check(caller, May.DECIDE, lineage_of_made(space_id, call_id))
    return caller.access(space_id).require(MANAGE_OBJECTIVES), call_id


def _access_of(caller: Caller, command: Command) -> SpaceAccess:
    """The space that is named, or the only one that the caller reaches; raises Invalid and NotFound."""
    named = command.given.get("space_id")
    if named is not None:
        space_id = parse_uuid(named)
        if space_id is None:
            raise Invalid.field("space_id", msg="space_id is not a UUID in lower case.", kind="uuid_parsing")
        return caller.access(space_id).require(MANAGE_OBJECTIVES)
    reached = spaces_within_reach(caller, limit=2)
    if len(reached) != 1:
        raise Invalid.field("space_id", msg="Name the space of the new thread.", kind="missing")
    return caller.access(reached[0]).require(MANAGE_OBJECTIVES)


def _check(caller: Caller, may: May, lineage: list[TicketSubject]) -> None:
    if caller.scope is not None:
        caller.scope.require(may, lineage)
