"""Which part of the process answers what: streams, the socket, the API, and the pages."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.exceptions import ParseError
from rest_framework.settings import api_settings

from config.paths import api_path
from config.server.senders import sender_of
from executions.runs.live import registry
from executions.runs.live.asgi_scope import headers_for_pages
from executions.runs.live.held_lookup import HeldLookups
from executions.runs.live.socket.consumer import LiveSocket
from executions.runs.live.sse import stream_run
from objectives.chat.streams import resume_turn, take_turn
from objectives.streaming.views import create_and_stream, stream_events
from spaces.errors import DomainError

type Application = Callable[[Any, Any, Any], Awaitable[None]]

_STREAMED = {"GET", "HEAD"}
_PASSED_ON = {"WWW-Authenticate", "Retry-After"}


def route(*, api: Application, pages: Application) -> Application:
    """The whole application: `api` answers buffered API requests, `pages` everything else over HTTP."""
    waiting = HeldLookups(api)
    socket: Application = LiveSocket.as_asgi()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        named = api_path(scope.get("path", ""))
        if scope["type"] == "websocket":
            await (socket if named and named["socket"] else _refuse)(scope, receive, sender_of(send))
        elif scope["type"] != "http":
            # As servers expect of those without lifespan.
            raise ValueError(f"Unsupported ASGI scope type: {scope['type']}.")
        elif named is None:
            await pages(scope, receive, send)
        else:
            scope = {**scope, "named": named}
            if named["tool_call_id"] and scope["method"] == "GET":
                call = {"space_id": named["space_id"], "tool_call_id": named["tool_call_id"]}
                await waiting(scope, receive, send, **call)
            elif streaming := _stream_of(named, scope, receive, send):
                await _guarded(streaming, scope, send)
            else:
                await api(scope, receive, send)

    return application


def _stream_of(  # noqa: PLR0911 - one return a stream
    named: re.Match[str], scope: Any, receive: Any, send: Any
) -> Awaitable[None] | None:
    """The stream of events that a request asks for; None for every other request."""
    workspace, objective = named["workspace_id"], named["objective_id"]
    if workspace and not objective and scope["method"] == "POST":
        return create_and_stream(scope, receive, sender_of(send), workspace=workspace)
    if named["chat_space"] and not named["chat_thread"] and scope["method"] == "POST":
        is_ag_ui = named["ag_ui"] is not None
        return take_turn(scope, receive, sender_of(send), space_id=named["chat_space"], is_ag_ui=is_ag_ui)
    if scope["method"] not in _STREAMED:
        return None
    if named["chat_thread"]:
        space, thread = named["chat_space"], named["chat_thread"]
        return resume_turn(scope, receive, sender_of(send), space_id=space, thread=thread)
    if objective:
        return stream_events(scope, receive, sender_of(send), workspace=workspace, objective=objective)
    if named["execution_id"]:
        ids = {"space_id": named["space_id"], "run_id": named["execution_id"]}
        return stream_run(scope, receive, sender_of(send), stream=registry.run_stream("execution"), **ids)
    return None


async def _guarded(streaming: Awaitable[None], scope: Any, send: Any) -> None:
    """A stream; what is wrong with its request is answered as everywhere in its API."""
    try:
        await streaming
    except (DomainError, ParseError) as error:
        handler: Any = api_settings.EXCEPTION_HANDLER
        if scope["named"]["workspace_api"]:
            handler = import_string(settings.STATUS_HANDLER)
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
