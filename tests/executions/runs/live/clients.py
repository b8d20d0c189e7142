"""The two doors of a run's log, read in the same way by the same tests."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2
from websockets.sync.client import ClientConnection, connect

from tests.executions.runs.live.runs import Run
from tests.executions.runs.live.server import Server

READ_SECONDS = 60
# A connection for each request: what a client leaves half read is closed, not kept.
_client = httpx2.Client(timeout=READ_SECONDS, headers={"Connection": "close"})


@dataclass(frozen=True)
class Seen:
    """One event or gap as a client saw it; a gap has the number of its end and `data` {"from", "to"}."""

    seq: int
    kind: str
    data: dict[str, Any]


class Door(Protocol):
    """A way to read one run's log."""

    name: str

    def open(
        self, server: Server, run: Run, after: int | None
    ) -> contextlib.AbstractContextManager[Iterator[Seen]]:
        """Events after a number (None for all); the iterator ends with the log."""
        ...


class SseDoor:
    """`GET …/events`."""

    name = "sse"

    @contextlib.contextmanager
    def open(self, server: Server, run: Run, after: int | None) -> Iterator[Iterator[Seen]]:
        """Events after a number (None for all); the iterator ends with the stream."""
        headers = {**run.actor.headers} | ({} if after is None else {"Last-Event-ID": str(after)})
        url = server.events_url(run.execution)
        with _client.stream("GET", url, headers=headers) as response:
            if response.status_code == httpx2.codes.NO_CONTENT:
                yield iter(())
                return
            assert response.status_code == httpx2.codes.OK, response.read()
            yield events_in(response.iter_lines())


class SocketDoor:
    """`subscribe` on `/v1/ws`."""

    name = "websocket"

    @contextlib.contextmanager
    def open(self, server: Server, run: Run, after: int | None) -> Iterator[Iterator[Seen]]:
        with open_socket(server, run.actor.headers) as socket:
            send(socket, type="subscribe", sub="a", execution_id=str(run.execution.id), after=after or 0)
            yield self._events(socket)

    def _events(self, socket: ClientConnection) -> Iterator[Seen]:
        while (frame := receive(socket))["type"] != "ended":
            if frame["type"] == "event":
                yield Seen(frame["seq"], frame["kind"], frame["data"])
            elif frame["type"] == "gap":
                yield Seen(frame["to"], "gap", {"from": frame["from"], "to": frame["to"]})
            else:
                assert frame["type"] == "subscribed", frame


DOORS: tuple[Door, ...] = (SseDoor(), SocketDoor())


def events_in(lines: Iterator[str]) -> Iterator[Seen]:
    """Parse server-sent events; comments are passed over."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "data" in fields:
            body = json.loads(fields["data"])
            payload = body if fields["event"] == "gap" else body["data"]
            assert fields["event"] == "gap" or (body["seq"], body["kind"]) == (
                int(fields["id"]),
                fields["event"],
            )
            yield Seen(int(fields["id"]), fields["event"], payload)
            fields = {}
        else:
            fields = {}


def open_socket(server: Server, headers: dict[str, str], query: str = "", **options: Any) -> ClientConnection:
    """A websocket client; a context manager."""
    return connect(
        server.socket_url + query,
        additional_headers=headers,
        open_timeout=READ_SECONDS,
        close_timeout=1,  # a client that breaks off does not read on until the server has answered its close
        max_size=None,
        max_queue=None,
        **options,
    )


def send(socket: ClientConnection, **frame: Any) -> None:
    socket.send(json.dumps(frame))


def receive(socket: ClientConnection, timeout: float = READ_SECONDS) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(socket.recv(timeout=timeout))
    return frame
