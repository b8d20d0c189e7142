"""Which part of the process answers what: streams, the socket, the API, and the pages."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path
from rest_framework.settings import api_settings

from executions.runlog import streams
from executions.runlog.socket.consumer import LiveSocket
from executions.runlog.sse import stream_run
from executions.runlog.waiting import Waiting
from spaces.errors import DomainError

type Application = Callable[[Any, Any, Any], Awaitable[None]]

API = re.compile(r"/(?:api-proxy/)?v1/.*", re.DOTALL)
UPLOADS = re.compile(r"/(?:api-proxy/)?v1/files/?")
_EVENTS = re.compile(r"/(?:api-proxy/)?v1/spaces/([^/]+)/skills/executions/([^/]+)/events")
_STREAMED = {"GET", "HEAD"}

socket_routes = [re_path(r"^(?:api-proxy/)?v1/ws$", LiveSocket.as_asgi())]


def route(*, api: Application, pages: Application) -> Application:
    """The whole application: `api` answers buffered API requests, `pages` everything else over HTTP."""
    waiting = Waiting(api)

    async def http(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if (events := _EVENTS.fullmatch(path)) and scope["method"] in _STREAMED:
            await _stream(scope, receive, send, events[1], events[2])
        elif API.fullmatch(path):
            await waiting(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return ProtocolTypeRouter({"http": http, "websocket": _or_refuse(URLRouter(socket_routes))})


async def _stream(scope: Any, receive: Any, send: Any, space_id: str, run_id: str) -> None:
    """The events of an execution; what is wrong with the request is answered as everywhere in the API."""
    stream = streams.run_stream("execution")
    try:
        await stream_run(scope, receive, send, stream=stream, space_id=space_id, run_id=run_id)
    except DomainError as error:
        await _answer(error, send, with_body=scope["method"] == "GET")


async def _answer(error: DomainError, send: Any, *, with_body: bool) -> None:
    # Through DRF's settings: what they name is the API's one table and one way to write JSON.
    response = api_settings.EXCEPTION_HANDLER(error, {})
    content = api_settings.DEFAULT_RENDERER_CLASSES[0]().render(response.data)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    if "WWW-Authenticate" in response.headers:
        headers.append((b"www-authenticate", response.headers["WWW-Authenticate"].encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": content if with_body else b""})


def _or_refuse(router: Application) -> Application:
    """Sockets of other paths are refused in the handshake (403), not by a failure in the log."""

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        if any(route.pattern.match(scope["path"].lstrip("/")) for route in socket_routes):
            await router(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})

    return websocket
