"""Which part of the process answers what: streams, the socket, the API, and the pages."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.exceptions import ParseError
from rest_framework.settings import api_settings

from executions.runlog import streams
from executions.runlog.connecting import headers_for_pages
from executions.runlog.socket.consumer import LiveSocket
from executions.runlog.sse import stream_run
from executions.runlog.waiting import Waiting
from objectives.live.streaming import create_and_stream, stream_events
from spaces.errors import DomainError

type Application = Callable[[Any, Any, Any], Awaitable[None]]

API = re.compile(r"/(?:api-proxy/)?v1/.*", re.DOTALL)
UPLOADS = re.compile(r"/(?:api-proxy/)?v1/files/?")
_SOCKET = re.compile(r"/(?:api-proxy/)?v1/ws")
# A tool call id may be the word `events`: the lookup's literal segment wins.
_EVENTS = re.compile(
    r"/(?:api-proxy/)?v1/spaces/([^/]+)/skills/executions/(?!by-chat-tool-call/)([^/]+)/events"
)
_OBJECTIVE_EVENTS = re.compile(r"/(?:api-proxy/)?v1/workspaces/([^/]+)/objectives/([^/]+)/events:stream")
_NEW_OBJECTIVE = re.compile(r"/(?:api-proxy/)?v1/workspaces/([^/]+)/objectives:stream")
_STREAMED = {"GET", "HEAD"}
_PASSED_ON = {"WWW-Authenticate", "Retry-After"}


def route(*, api: Application, pages: Application) -> Application:
    """The whole application: `api` answers buffered API requests, `pages` everything else over HTTP."""
    waiting = Waiting(api)
    socket: Application = LiveSocket.as_asgi()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] == "websocket":
            await (socket if _SOCKET.fullmatch(path) else _refuse)(scope, receive, send)
        elif scope["type"] != "http":
            raise ValueError(
                f"Nothing here answers {scope['type']}."
            )  # as servers expect of those without lifespan
        elif _EVENTS.fullmatch(path) and scope["method"] in _STREAMED:
            await _stream(scope, receive, send)
        elif _OBJECTIVE_EVENTS.fullmatch(path) and scope["method"] in _STREAMED:
            await _stream_objective(scope, receive, send)
        elif _NEW_OBJECTIVE.fullmatch(path) and scope["method"] == "POST":
            await _stream_new_objective(scope, receive, send)
        elif API.fullmatch(path):
            await waiting(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return application


def _stream(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
    """The events of an execution."""
    space_id, run_id = _groups(_EVENTS, scope)
    stream = streams.run_stream("execution")
    streaming = stream_run(scope, receive, send, stream=stream, space_id=space_id, run_id=run_id)
    return _guarded(streaming, scope, send, handler=api_settings.EXCEPTION_HANDLER)


def _stream_objective(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
    """The events of an objective."""
    workspace, objective = _groups(_OBJECTIVE_EVENTS, scope)
    streaming = stream_events(scope, receive, send, workspace=workspace, objective=objective)
    return _guarded(streaming, scope, send, handler=import_string(settings.STATUS_HANDLER))


def _stream_new_objective(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
    """An objective that is made by this request, and its events."""
    (workspace,) = _groups(_NEW_OBJECTIVE, scope)
    streaming = create_and_stream(scope, receive, send, workspace=workspace)
    return _guarded(streaming, scope, send, handler=import_string(settings.STATUS_HANDLER))


def _groups(pattern: re.Pattern[str], scope: Any) -> tuple[str, ...]:
    """What the path leaves open, for a path that was matched before."""
    match = pattern.fullmatch(scope["path"])
    return match.groups() if match else ()


async def _guarded(streaming: Awaitable[None], scope: Any, send: Any, *, handler: Any) -> None:
    """A stream; what is wrong with its request is answered as everywhere in its API."""
    try:
        await streaming
    except (DomainError, ParseError) as error:
        await _answer(error, scope, send, handler=handler)


async def _answer(error: Exception, scope: Any, send: Any, *, handler: Any) -> None:
    # Through DRF's settings: what they name is the API's one table and one way to write JSON.
    renderer: Any = api_settings.DEFAULT_RENDERER_CLASSES[0]
    response = handler(error, {})
    content = renderer().render(response.data)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    passed_on = _PASSED_ON & response.headers.keys()
    headers += [(name.lower().encode(), response.headers[name].encode()) for name in passed_on]
    headers += headers_for_pages(scope)
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


async def _refuse(_scope: Any, receive: Any, send: Any) -> None:
    """Sockets of other paths end in the handshake, with 403."""
    await receive()
    await send({"type": "websocket.close"})
