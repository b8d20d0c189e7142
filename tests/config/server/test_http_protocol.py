"""What uvicorn's parser would take for ever ends with 400, and what is within the bound passes."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from config.server.http_protocol import BoundedHttp
from config.server.request_limits import HEAD_BYTES

LINE = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the size of a body, once it is whole, and of the query."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    body = f"{size} {len(scope['query_string'])}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(scope: Any, receive: Any, send: Any) -> None:
    """Says one word, and stays until its client is gone."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"word", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


@contextlib.contextmanager
def serving(application: Any) -> Iterator[int]:
    """A port where an application answers; its server is told to stop at the end, and does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(application, http=BoundedHttp, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(echo) as found:
        yield found


def answer(port: int, *pieces: bytes) -> tuple[bytes, bytes]:
    """First line and body of what comes back for pieces; later ones may find nobody."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece)
                time.sleep(0.001)
        try:
            head, _, body = client.recv(4096).partition(b"\r\n\r\n")
        except ConnectionError:
            return b"reset", b""
        return head.partition(b"\r\n")[0], body


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /", b"x" * 4096),
        (LINE + b"X-Long: ", b"x" * 4096),
        (LINE, b"X-Short: x\r\n" * 400),
        (CHUNKED + b"X-Trailer: ", b"x" * 4096),
        (CHUNKED, b"X-Trailer: x\r\n" * 400),
    ],
    ids=["address", "one header", "many headers", "one trailer", "many trailers"],
)
def test_a_head_without_end_is_refused(port: int, begin: bytes, piece: bytes) -> None:
    pieces = [piece] * (2 * HEAD_BYTES // len(piece))

    first, _ = answer(port, begin, *pieces)

    assert first in {b"HTTP/1.1 400 Bad Request", b"reset"}


def test_the_longest_address_of_a_lookup_and_a_large_body_pass(port: int) -> None:
    """Two ids of 4,096 characters, four bytes each and three characters a byte."""
    one = b"%F0" * 4096 * 4
    lines = b"Host: localhost\r\nContent-Length: 1000000\r\n\r\n"
    head = b"POST /" + one + b"?thread=" + one + b" HTTP/1.1\r\n" + lines

    first, body = answer(port, head, b"x" * 1_000_000)

    assert first == b"HTTP/1.1 200 OK"
    assert body == b"1000000 " + str(len(one) + len("thread=")).encode()


def test_streams_end_with_their_server_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with contextlib.ExitStack() as held:
        with serving(stream) as port:
            client = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            client.sendall(LINE + b"\r\n")
            seen = b""
            while b"word" not in seen:
                seen += client.recv(4096)
        rest = client.recv(4096)

    assert rest == b""
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
