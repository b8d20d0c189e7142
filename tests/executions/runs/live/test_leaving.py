"""Clients that leave in mid-sentence, and callers who come too often."""

import contextlib
import os
import socket as sockets
import struct
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from config.management.commands.web import DEFAULT_SERVER
from tests import asking
from tests.executions.runs.live.clients import DOORS, open_socket, receive, send
from tests.executions.runs.live.runs import Run, make_run
from tests.executions.runs.live.server import Server, running_server
from tests.factories import make_actor

pytestmark = pytest.mark.django_db(transaction=True)
ASGI_SERVER = os.environ.get("ASGI_SERVER", DEFAULT_SERVER)
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing throws away what is under way and resets
CLOSE_FRAME = bytes([0x88, 0x82, 0, 0, 0, 0]) + (1000).to_bytes(2, "big")


def leave_by_reset(client: sockets.socket) -> None:
    client.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, RESET)
    client.close()


def leave_half_closed(client: sockets.socket) -> None:
    """The close frame, and then nothing: the server still has things to say."""
    client.sendall(CLOSE_FRAME)
    time.sleep(0.05)
    client.close()


def leave_in_silence(client: sockets.socket) -> None:
    client.close()


LEAVING = (leave_by_reset, leave_half_closed, leave_in_silence)


def open_raw(server: Server, run: Run, *, after: int | None = None) -> sockets.socket:
    """A websocket that follows a run, from its snapshot or from a number on, without a polite library."""
    client = sockets.create_connection(("127.0.0.1", server.port), timeout=60)
    lines = (
        f"GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {run.actor.token}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    client.sendall(lines.encode())
    read_until(client, b"\r\n\r\n")
    place = "" if after is None else f',"after":{after}'
    hello = f'{{"type":"subscribe","sub":"a","execution_id":"{run.execution.id}"{place}}}'.encode()
    client.sendall(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
    read_until(client, b'"type":"snapshot"' if after is None else b'"type":"event"')
    return client


def read_until(client: sockets.socket, words: bytes) -> None:
    seen = b""
    while words not in seen:
        seen += client.recv(65536)


@pytest.mark.parametrize("asgi_server", ["daphne", "uvicorn"])
def test_leaving_in_mid_sentence_is_no_error(server: Server, asgi_server: str, tmp_path: Path):
    log = tmp_path / "server.log"
    run = make_run()

    with running_server(asgi_server, log=log) as own:
        for leave in LEAVING * 3:
            clients = [open_raw(own, run) for _ in range(4)]
            for client in clients:
                run.say("x" * 50_000)
                leave(client)
                run.say("x", "y")
        with DOORS[1].open(own, run, run.seq - 1) as events:
            assert next(events).data == {"text": "y"}

    assert "Traceback" not in log.read_text()
    assert "ERROR" not in log.read_text()


def test_a_caller_opens_so_many_streams_and_sockets_and_others_are_let_in(server: Server):
    run = make_run()
    other = make_actor(space=run.actor.space, name="other")

    with (
        running_server(ASGI_SERVER, MAX_STREAMS="2") as own,
        open_socket(own, run.actor.headers) as first,
        contextlib.ExitStack() as opened,
    ):
        send(first, type="ping")
        assert receive(first) == {"type": "pong"}
        events = opened.enter_context(DOORS[0].open(own, run, 0))
        assert next(events).seq == 1

        refused = asking.get(own.events_url(run.execution), headers=run.actor.headers)
        with open_socket(own, run.actor.headers) as socket:
            error = receive(socket)
            with pytest.raises(ConnectionClosed) as closed:
                receive(socket)
        with open_socket(own, other.headers) as socket:
            send(socket, type="ping")
            assert receive(socket) == {"type": "pong"}

        opened.close()
        assert until_let_in(own, run) == 1

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert refused.json() == {"detail": "This caller already has 2 open streams and sockets."}
    assert (error["type"], error["sub"], error["code"]) == ("error", None, "too_many")
    assert closed.value.rcvd.code == 4429


def until_let_in(server: Server, run: Run) -> int:
    """The first event of a stream, as soon as there is room for one; the server notices by itself."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with DOORS[0].open(server, run, 0) as events:
                return next(events).seq
        except AssertionError:  # of the status
            assert time.monotonic() < deadline
            time.sleep(0.1)
