"""Runs buffered requests through Django's WSGI handler, in one hop into a thread.

Decision: Django's ASGI handler hops into a thread and back for every synchronous middleware and view, and
starts a thread for each request. One hop into a pool serves the same views about twice as
fast on the same server. Streams and sockets never come here; what a view streams is handed on piece by piece.
"""

import asyncio
import contextlib
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import orjson
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections

from config.errors.dialects import refusal
from config.server.senders import sender_of
from executions.runs.live.asgi_scope import headers_for_pages
from executions.runs.live.transport import Gone, Outlet
from spaces.errors import TooLarge

THREADS = 6
MOST_WAITING = 1000  # requests of one process that wait for a thread; further ones are told to come again
BODY_BYTES = 6 * 1024 * 1024  # a little more than the largest JSON body, which its view refuses by name
UPLOAD_BYTES = 1024 * 1024 * 1024
SPOOL_BYTES = 1024 * 1024  # of a body kept in memory; the rest of a larger one goes to a file

_RESERVED = re.compile(rb"%(3[aA]|2[fF]|25)")

type Receive = Callable[[], Awaitable[Any]]
type Send = Callable[[Any], Awaitable[None]]


class Bridge:
    """An ASGI application over a WSGI one, for requests of which `scope["named"]` has what their path names.

    Bodies that are too large are refused with 413.
    """

    def __init__(self, application: WSGIHandler) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="bridge")
        self._waiting = 0

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if self._waiting >= MOST_WAITING:
            await _refuse(scope, send, 503, "The server is busy.", (b"retry-after", b"1"))
            return
        try:
            body, size = await _read_body(receive, UPLOAD_BYTES if scope["named"]["upload"] else BODY_BYTES)
        except TooLarge as refused:
            await _refuse(scope, send, 413, refused.message)
            return
        except ConnectionError:
            return  # half a request is none
        # From here on whoever reads the body closes it, also when the client leaves.
        answer = await self._in_thread(_run, self._application, environ_of(scope, body, size), body)
        await self._send(answer, receive, send, with_body=scope["method"] != "HEAD")

    async def _send(self, answer: "_Answer", receive: Receive, send: Send, *, with_body: bool) -> None:
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            if with_body and answer.rest is not None:
                await self._stream(answer.rest, receive, Outlet(sender_of(send)))
            await send({"type": "http.response.body", "body": b"".join(answer.ready) if with_body else b""})
        except Gone:
            pass  # the connection is cut; there is nobody to tell
        finally:
            if answer.close is not None:
                await self._in_thread(_finish, answer.close)

    async def _stream(self, rest: Iterator[bytes], receive: Receive, outlet: Outlet) -> None:
        """Piece by piece, no faster than the client reads, and no longer than it is there."""
        leaving = asyncio.create_task(_left(receive))
        try:
            while not leaving.done() and (chunk := await self._in_thread(_next, rest)):
                await outlet.write_body(chunk)
        finally:
            leaving.cancel()

    async def _in_thread[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function returns or raises; a client that leaves does not end it half way.

        In the thread's own context, where Django keeps its caches and the like from one request to the next.
        A future of the loop alone: one of the pool chained to it, as `run_in_executor` has it, and a shield
        around both cost a tenth of a short request.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[R] = loop.create_future()

        def run() -> None:
            try:
                result = function(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
                loop.call_soon_threadsafe(_settle, answered, None, error)
            else:
                loop.call_soon_threadsafe(_settle, answered, result, None)

        self._threads.submit(run)
        self._waiting += 1
        try:
            return await answered
        finally:
            self._waiting -= 1


def _settle(answered: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    """In the loop; nobody waits any more where the client has left."""
    if answered.done():
        return
    if error is None:
        answered.set_result(result)
    else:
        answered.set_exception(error)


@dataclass
class _Answer:
    """What the WSGI application answered; `rest` is what a streaming view has yet to produce."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    ready: list[bytes] = field(default_factory=list)
    rest: Iterator[bytes] | None = None
    close: Callable[[], None] | None = None

    def start(
        self, status: str, headers: list[tuple[str, str]], _: Any = None, /
    ) -> Callable[[bytes], object]:
        """WSGI's `start_response`; Django never uses the old-style `write` that it returns."""
        self.status = int(status.split(" ", 1)[0])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return self.ready.append


def environ_of(scope: Mapping[str, Any], body: IO[bytes], size: int) -> dict[str, Any]:
    """The WSGI environment of an ASGI scope; the path is decoded exactly once, from what the client sent."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw
    if scope.get("raw_path"):
        # Decoded once. That of the workspace API keeps colons, slashes and percents encoded: there an id may
        # hold a colon, and what stands behind the last plain one is a verb.
        path = unquote_to_bytes(_RESERVED.sub(rb"%25\1", raw) if scope["named"]["workspace_api"] else raw)
    root = scope.get("root_path", "").encode().rstrip(b"/")
    server = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root.decode("latin-1"),
        "PATH_INFO": path.removeprefix(root).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "CONTENT_LENGTH": str(size),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    return environ


def _add_header(environ: dict[str, Any], name: str, value: str) -> None:
    # `x_api_key` and `x-api-key` would become one: only the real one counts. The body is whole by now.
    if "_" in name or name in {"content-length", "transfer-encoding"}:
        return
    key = "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper().replace('-', '_')}"
    joint = "; " if name == "cookie" else ","
    environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value


def _run(application: WSGIHandler, environ: dict[str, Any], body: IO[bytes]) -> _Answer:
    """One request in one thread; its body is closed and its database connection given back at the end."""
    answer = _Answer()
    try:
        response = application(environ, answer.start)
        if getattr(response, "streaming", False):
            answer.rest, answer.close = iter(response), response.close
            close_old_connections()
        else:
            try:
                answer.ready = list(response)
            finally:
                response.close()  # which gives the connection back
    finally:
        body.close()
    return answer


def _next(rest: Iterator[bytes]) -> bytes:
    """The next piece that is not empty, b"" after the last."""
    try:
        return next((chunk for chunk in rest if chunk), b"")
    finally:
        close_old_connections()


def _finish(close: Callable[[], None]) -> None:
    try:
        close()
    finally:
        close_old_connections()


async def _left(receive: Receive) -> None:
    """Returns once the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_body(receive: Receive, most: int) -> tuple[IO[bytes], int]:
    """The request's body and its size, for the caller to close.

    Raises TooLarge, and ConnectionError where the client left.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole = message.get("body", b"")  # as nearly always
        if len(whole) > most:
            raise TooLarge("The body is larger than allowed.")
        return BytesIO(whole), len(whole)
    with contextlib.ExitStack() as unread:
        body = unread.enter_context(tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES))
        size, more = 0, True
        while more:
            if message["type"] == "http.disconnect":
                raise ConnectionError
            chunk, more = message.get("body", b""), message.get("more_body", False)
            size += len(chunk)
            if size > most:
                raise TooLarge("The body is larger than allowed.")
            body.write(chunk)
            message = await receive() if more else message
        body.seek(0)
        unread.pop_all()
    return body, size


async def _refuse(
    scope: Mapping[str, Any], send: Send, status: int, detail: str, *headers: tuple[bytes, bytes]
) -> None:
    status, body = refusal(scope["path"], status, detail) or (status, {"detail": detail})
    content = (b"content-type", b"application/json")
    told = [content, *headers, *headers_for_pages(scope)]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})
