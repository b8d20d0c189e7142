"""One keep-alive HTTP connection, as lean as it can be: the client must not be what is measured."""

import contextlib
import itertools
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

from tests.benchmarks.failures import NotMeasured

ANSWER_SECONDS = 30.0
WARM_UPS = 5
_HEAD_END = b"\r\n\r\n"


class BadAnswer(NotMeasured):
    """An answer of another status than expected; carries its beginning."""


class HttpClient:
    """Blocking; one request after the other. Raises OSError where the server leaves."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._socket.close()

    def ask(self, request: bytes, *, status: int = 200) -> bytes:
        """The body of the answer; raises BadAnswer where it is of another status."""
        self._socket.sendall(request)
        received = b""
        while (size := answer_size(received)) is None or len(received) < size:
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionError("the server closed the connection")
            received += piece
        if status_of(received) != status:
            raise BadAnswer(received[:500].decode("latin-1"))
        return received.partition(_HEAD_END)[2]


def request_bytes(path: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes = b"") -> bytes:
    """One request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer_size(received: bytes) -> int | None:
    """The bytes of the whole answer; None while its head is not complete.

    Raises BadAnswer for one without `Content-Length`, whose end this client could not see.
    """
    head, found, _ = received.partition(_HEAD_END)
    if not found:
        return None
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(head) + len(_HEAD_END) + int(value)
    raise BadAnswer(head.decode("latin-1"))


def status_of(received: bytes) -> int:
    """The status of an answer whose first line is there."""
    return int(received[9:12])


def time_in_turns(*, targets: Sequence[Mapping[str, Any]], count: int) -> list[list[float]]:
    """Milliseconds of `count` requests to each target, one after the other, the targets in turns.

    A target has a `port`, `paths` to ask for in rotation, and `headers`. What slows the machine down for a
    moment so slows all of them. The first requests of each are not counted.
    """
    taken: list[list[float]] = [[] for _ in targets]
    with contextlib.ExitStack() as open_clients:
        asked = []
        for target in targets:
            requests = [request_bytes(path, target["headers"]) for path in target["paths"]]
            asked.append((open_clients.enter_context(HttpClient(target["port"])), itertools.cycle(requests)))
        for turn in range(-WARM_UPS, count):
            for (client, requests_left), samples in zip(asked, taken, strict=True):
                request = next(requests_left)
                before = time.perf_counter()
                client.ask(request)
                if turn >= 0:
                    samples.append((time.perf_counter() - before) * 1000)
    return taken
