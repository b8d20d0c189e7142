"""Turns as streams: one that is asked for, and one that is under way.

Both are ASGI applications beside Django, like every stream: they hold no thread while they wait. A client
that leaves stops nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from django.utils import timezone

from executions.models import RunKind
from executions.runs.live import registry
from executions.runs.live.asgi_scope import Scope, has_trusted_origin, header, query
from executions.runs.live.authorisation import OpenedRun, RunAsk, open_run
from executions.runs.live.sse import Receive, SseFormat, follow_run
from executions.runs.live.threads import in_thread
from executions.runs.live.transport import Outlet, Send
from objectives.access.lineage import lineage_of_made, lineage_of_objective
from objectives.access.permissions import MANAGE_OBJECTIVES, READ_OBJECTIVES
from objectives.chat.bodies import TurnAsk, read_turn
from objectives.chat.formats.ag_ui import AgUi
from objectives.chat.formats.assistant_transport import AssistantTransport
from objectives.chat.formats.data_stream import DataStream
from objectives.chat.formats.format import StreamFormat
from objectives.chat.formats.ui_message_stream import UIMessageStream
from objectives.chat.representations import show_queued
from objectives.chat.talking import Telling, find_thread, take, the_thread, under_way
from objectives.chat.turn import Turn
from objectives.chat.writer import TurnWriter
from objectives.ids import Json
from objectives.models import Thread
from objectives.streaming.bodies import base_url, whole_body
from spaces.access import Caller, SpaceAccess
from spaces.api.idempotency import checked_key
from spaces.api.json_parsing import parse_json
from spaces.api.viewsets import parse_space_id
from spaces.authentication import caller_and_identity
from spaces.errors import Invalid, NotPermitted
from spaces.identity import Credentials
from spaces.ticket_scopes import May, TicketKind, TicketSubject

FORMATS: Final[dict[str, type[StreamFormat]]] = {
    "ui-message-stream": UIMessageStream,
    "data-stream": DataStream,
    "assistant-transport": AssistantTransport,
    "ag-ui": AgUi,
}
DEFAULT: Final = "ui-message-stream"

type _Opened = tuple[Caller, Credentials, OpenedRun, Telling, StreamFormat, list[tuple[str, Json]]]


async def take_turn(scope: Scope, receive: Receive, send: Send, *, space_id: str, is_ag_ui: bool) -> None:
    """Answer `POST …/chat` (or `…/ag-ui`): do what is asked, and tell the turn that comes of it.

    Before the answer begins, raises any domain error.
    """
    body = await whole_body(receive)
    opened = await in_thread(_take, scope, space_id, body, "ag-ui" if is_ag_ui else DEFAULT)
    await _tell(scope, receive, send, opened)


async def resume_turn(scope: Scope, receive: Receive, send: Send, *, space_id: str, thread: str) -> None:
    """Answer `GET …/chat/{thread_id}/stream`: the turn under way, 204 where none is.

    Before the answer begins, raises any domain error.
    """
    opened = await in_thread(_resume, scope, space_id, thread)
    if opened is None:
        outlet = Outlet(send)
        headers = [(b"cache-control", b"no-store")]
        await outlet.write({"type": "http.response.start", "status": 204, "headers": headers})
        await outlet.write({"type": "http.response.body", "body": b""})
        return
    await _tell(scope, receive, send, opened)


async def _tell(scope: Scope, receive: Receive, send: Send, opened: _Opened) -> None:
    _, identity, run, telling, form, notes = opened
    waits_for = str(telling.queued.id) if telling.queued else None
    turn = Turn(base_url(scope), telling.ends_after, telling.rests_at, waits_for)
    writer = TurnWriter(turn, form, at=telling.at, muted_until=telling.muted_until, reopens=telling.reopens)
    named = {**form.headers, "x-thread-id": str(telling.thread_id)}
    manner = SseFormat(
        writer,
        silence=lambda: form.silence,
        opening=form.opening(notes),
        ended=200,
        headers=[(name.encode(), value.encode("latin-1")) for name, value in named.items()],
        ends=writer.ends,
    )
    await follow_run(scope, receive, send, identity=identity, opened=run, after=telling.at, manner=manner)


def _take(scope: Scope, space_id: str, body: bytes, otherwise: str) -> _Opened:
    now = timezone.now()
    caller, identity = caller_and_identity(scope, now=now, takes_tickets=True)
    if caller.api_key is None and caller.scope is None and not has_trusted_origin(scope):
        raise NotPermitted("This origin may not write.")
    access = caller.access(parse_space_id(space_id)).require(MANAGE_OBJECTIVES)
    key = checked_key(header(scope, b"idempotency-key"))
    ask = read_turn(parse_json(body) if body.strip() else {})
    check_ticket(caller, access, ask)
    form = _format(scope, otherwise)
    telling = take(access, ask, key=key, now=now)
    return _opened(caller, identity, access, telling, form)


def _resume(scope: Scope, space_id: str, named: str) -> _Opened | None:
    caller, identity = caller_and_identity(scope, now=timezone.now(), takes_tickets=True)
    access = caller.access(parse_space_id(space_id)).require(READ_OBJECTIVES)
    form = _format(scope, DEFAULT)
    thread = the_thread(access, named)
    if caller.scope is not None:
        caller.scope.require(May.READ, lineage_of_objective(thread.pk))
    telling = under_way(thread.pk)
    if telling is None:
        return None
    telling = replace(telling, muted_until=_last_event(scope))
    return _opened(caller, identity, access, telling, form)


def _opened(  # noqa: PLR0917 - all that a telling is made of
    caller: Caller,
    identity: Credentials,
    access: SpaceAccess,
    telling: Telling,
    form: Callable[[str], StreamFormat],
) -> _Opened:
    ask = RunAsk(registry.run_stream(RunKind.OBJECTIVE), telling.thread_id, access.space_id)
    # Whoever may say something may hear what comes of it: the ticket has been looked at.
    reader = replace(caller, known_access=access, scope=None)
    run = open_run(reader, ask, base_url="", with_snapshot=False, now=timezone.now())
    thread = Thread.objects.get(pk=telling.thread_id)
    notes: list[tuple[str, Json]] = [("thread", {"thread_id": str(thread.pk), "title": thread.title})]
    if telling.queued is not None:
        notes.append(("queued", show_queued(telling.queued)))
    return caller, identity, run, telling, form(str(telling.thread_id)), notes


def check_ticket(caller: Caller, access: SpaceAccess, ask: TurnAsk) -> None:
    """Raises NotFound and NotPermitted for a ticket that does not let do this there."""
    if caller.scope is None:
        return
    thread = find_thread(access, ask.thread)
    if thread is None:
        caller.scope.require(May.SAY, [TicketSubject(TicketKind.SPACE, str(access.space_id))])
        return
    calls = [*(one.call_id for one in ask.decisions), *(one.call_id for one in ask.outputs)]
    caller.scope.require(May.DECIDE if calls else May.SAY, lineage_of_objective(thread.pk))
    for call_id in calls:  # which need not be of this thread
        caller.scope.require(May.DECIDE, lineage_of_made(access.space_id, call_id))


def _format(scope: Scope, otherwise: str) -> type[StreamFormat]:
    """By `?format=`, else by what the client accepts; raises Invalid."""
    accepted = header(scope, b"accept") or ""
    if "text/plain" in accepted and "text/event-stream" not in accepted:
        otherwise = "data-stream"
    named = query(scope, "format") or otherwise
    if named not in FORMATS:
        message = f"Must be one of {', '.join(FORMATS)}."
        raise Invalid.field("query", "format", msg=message, value=named[:200])
    return FORMATS[named]


def _last_event(scope: Scope) -> int:
    """The number up to which the client has the turn; raises Invalid."""
    text = header(scope, b"last-event-id") or ""
    if text and not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Invalid.field("header", "Last-Event-ID", msg="Must be an event's number.", value=text[:200])
    return int(text or 0)
