"""The two event streams of the workspace API: of an objective, and of one that is made by asking."""

import uuid

from django.http import QueryDict
from django.utils import timezone

from executions.models import RunKind
from executions.runs.live import registry
from executions.runs.live.asgi_scope import Scope, header
from executions.runs.live.authorisation import OpenedRun, RunAsk, open_run
from executions.runs.live.sse import Receive, SseFormat, follow_run
from executions.runs.live.threads import in_thread
from executions.runs.live.transport import Send
from objectives.access.permissions import MANAGE_OBJECTIVES, READ_OBJECTIVES
from objectives.access.workspaces import access_to
from objectives.actions.creation import create_once
from objectives.actions.new_objective import wanted_objective
from objectives.client_versions import dialect_of
from objectives.ids import Prefix
from objectives.models import Objective
from objectives.query_parameters import read_query
from objectives.representations.reader import Viewer
from objectives.schemas.objectives import NewObjectiveBody
from objectives.schemas.request_body import read_shape
from objectives.selectors import event_number, find
from objectives.streaming.bodies import base_url, whole_body
from objectives.streaming.encoding import EventStream
from spaces.access import Caller, SpaceAccess
from spaces.api.idempotency import checked_key
from spaces.api.json_parsing import parse_json
from spaces.authentication import caller_and_identity
from spaces.identity import Credentials

# A comment, so that something is sent at once. No frame of its own: clients before 1.0 take an empty one for
# an event, and cannot read it. No `retry` either: with it the official clients give up after five equal
# waits. Without it they double each of theirs, which outlasts a restart of the server.
OPENING = b":\n"


async def stream_events(
    scope: Scope, receive: Receive, send: Send, *, workspace: str, objective: str
) -> None:
    """Answer `GET …/objectives/{id}/events:stream`; before the answer begins, raises any domain error."""
    identity, opened, after, stream = await in_thread(_open_events, scope, workspace, objective)
    manner = SseFormat(stream, stream.silence, OPENING, ended=200)
    await follow_run(scope, receive, send, identity=identity, opened=opened, after=after, manner=manner)


async def create_and_stream(scope: Scope, receive: Receive, send: Send, *, workspace: str) -> None:
    """Answer `POST …/objectives:stream`: make an objective, or take up the one of that external id.

    Before the answer begins, raises any domain error.
    """
    body = await whole_body(receive)
    identity, opened, after, stream = await in_thread(_open_created, scope, workspace, body)
    opening = OPENING + await in_thread(stream.opening)
    manner = SseFormat(stream, stream.silence, opening, ended=200)
    await follow_run(scope, receive, send, identity=identity, opened=opened, after=after, manner=manner)


type _Opened = tuple[Credentials, OpenedRun, int, EventStream]


def _open_events(scope: Scope, workspace: str, address: str) -> _Opened:
    caller, identity = caller_and_identity(scope, now=timezone.now(), takes_tickets=True)
    access = access_to(caller, workspace).require(READ_OBJECTIVES)
    _refuse_parameters(scope)
    objective = find(Objective.objects.filter(space_id=access.space_id), Prefix.OBJECTIVE, address)
    return _opened(scope, caller, access, objective, identity=identity, is_wrapped=False)


def _open_created(scope: Scope, workspace: str, body: bytes) -> _Opened:
    now = timezone.now()
    caller, identity = caller_and_identity(scope, now=now, takes_tickets=False)
    access = access_to(caller, workspace).require(MANAGE_OBJECTIVES)
    _refuse_parameters(scope)
    key = checked_key(header(scope, b"idempotency-key"))
    wanted = wanted_objective(_read(body))
    objective = create_once(access=access, wanted=wanted, idempotency_key=key, now=now)
    return _opened(scope, caller, access, objective, identity=identity, is_wrapped=True)


def _opened(
    scope: Scope,
    caller: Caller,
    access: SpaceAccess,
    objective: Objective,
    *,
    identity: Credentials,
    is_wrapped: bool,
) -> _Opened:
    ask = RunAsk(registry.run_stream(RunKind.OBJECTIVE), objective.id, access.space_id)
    opened = open_run(caller, ask, base_url="", with_snapshot=False, now=timezone.now())
    dialect = dialect_of(header(scope, b"user-agent") or "")
    reader = Viewer(access.tenant_id, dialect, base_url(scope))
    return identity, opened, _after(scope, objective.id), EventStream(objective, reader, is_wrapped)


def _refuse_parameters(scope: Scope) -> None:
    """Raises Invalid: these routes take none."""
    read_query(QueryDict(scope["query_string"]), (), header(scope, b"user-agent") or "")


def _after(scope: Scope, objective_id: uuid.UUID) -> int:
    """The number of the event that the client has; raises Invalid for one that is none of this objective."""
    text = header(scope, b"last-event-id")
    if not text:
        return 0
    return event_number(objective_id, text, "header", "Last-Event-ID")


def _read(body: bytes) -> NewObjectiveBody:
    return read_shape(NewObjectiveBody, parse_json(body) if body.strip() else {})
