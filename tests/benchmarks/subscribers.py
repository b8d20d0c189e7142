"""Many subscribers in one lean process: each notes which event reached it, and when.

Decision: sockets and a selector, no event loop. What has come is stamped and put aside, and read only once
nothing more has come: a client that parses for one while others wait measures itself.
"""

import base64
import contextlib
import os
import re
import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.child_process import say_ready
from tests.benchmarks.http_client import request_bytes

OPENING = 32  # connections that are opened at once
OPEN_SECONDS = 300.0
TURN_SECONDS = 1.0  # how late the end of the time may be noticed
PIECE_BYTES = 16 * 1024
MOST_ASIDE = 10_000  # pieces that are put aside before they are read all the same
_HEAD_END = b"\r\n\r\n"
_SSE_ID = re.compile(rb"(?:^|\n)id: ?([^\n]+)\n")
_EVENT_NUMBER = re.compile(rb'^\{"type":"event".*?"seq":(\d+)')
_TEXT, _PING, _PONG = 0x1, 0x9, 0xA


class _Subscriber:
    """One open connection; `is_open` once the server has said its first word."""

    def __init__(self, index: int, connection: socket.socket, crowd: "_Crowd") -> None:
        self.connection = connection
        self.is_open = False
        self._index = index
        self._crowd = crowd
        self._buffer = b""
        self._has_head = False

    def take(self, data: bytes, at: int) -> None:
        """Read what has come; raises ConnectionError where the server refuses or is gone."""
        if not data:
            raise ConnectionError("the server closed a subscriber's connection")
        self._buffer += data
        if not self._has_head:
            head, found, rest = self._buffer.partition(_HEAD_END)
            if not found:
                return
            if head[9:12] not in (b"200", b"101"):
                raise ConnectionError(head[:200].decode("latin-1"))
            self._has_head, self._buffer = True, rest
            self.greet()
        self.read(at)

    def greet(self) -> None:
        """The answer's head has come."""

    def read(self, at: int) -> None:
        """Take what is complete out of the buffer."""
        raise NotImplementedError

    def note(self, number: int, at: int) -> None:
        self._crowd.received.append((self._index, number, at))


class _SseSubscriber(_Subscriber):
    """Server-sent events; the sizes of HTTP chunks stand between them and do not matter.

    Events whose ids are no numbers, as those of objectives, are counted as they come, from 1.
    """

    _count = 0

    def read(self, at: int) -> None:
        self.is_open = self.is_open or bool(self._buffer)  # the first words tell that it has subscribed
        complete, found, self._buffer = self._buffer.rpartition(b"\n\n")
        if found:
            for event_id in _SSE_ID.findall(complete + b"\n"):
                self._count += 1
                self.note(int(event_id) if event_id.isdigit() else self._count, at)


class _SocketSubscriber(_Subscriber):
    """A websocket, as far as it is needed: whole text frames from the server, and pings to answer."""

    def __init__(self, index: int, connection: socket.socket, crowd: "_Crowd", hello: bytes) -> None:
        super().__init__(index, connection, crowd)
        self._hello = hello

    def greet(self) -> None:
        if self._hello:
            self._send(_TEXT, self._hello)
        else:
            self.is_open = True

    def read(self, at: int) -> None:
        while (frame := _first_frame(self._buffer)) is not None:
            code, begin, end = frame
            payload, self._buffer = self._buffer[begin:end], self._buffer[end:]
            if code == _PING:
                self._send(_PONG, payload)
            elif payload.startswith((b'{"type":"snapshot"', b'{"type":"subscribed"')):
                self.is_open = True
            elif number := _EVENT_NUMBER.match(payload):
                self.note(int(number[1]), at)
            elif payload.startswith(b'{"type":"ended"'):
                self._crowd.ended += 1
            elif payload.startswith(b'{"type":"error"'):
                raise ConnectionError(payload.decode())

    def _send(self, code: int, payload: bytes) -> None:
        # Clients must mask; with zeros the payload stays what it is.
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self.connection.send(bytes([0x80 | code]) + length + bytes(4) + payload)


def _first_frame(buffer: bytes) -> tuple[int, int, int] | None:
    """Code, and where the payload of the first frame begins and ends; None while it is not complete."""
    if len(buffer) < 2:
        return None
    size, begin = buffer[1] & 0x7F, 2
    if size >= 126:
        width = 2 if size == 126 else 8
        size, begin = int.from_bytes(buffer[2 : 2 + width], "big"), 2 + width
    return (buffer[0] & 0xF, begin, begin + size) if len(buffer) >= begin + size else None


class _Crowd:
    """All of them, and what they have received together."""

    def __init__(self, port: int) -> None:
        self.received: list[tuple[int, int, int]] = []
        self.lost = self.ended = 0
        self._port = port
        self._why: OSError | None = None  # the last one was lost
        self._selector = selectors.DefaultSelector()

    def open(self, openings: Sequence[Mapping[str, Any]]) -> None:
        """Open all, some at once; raises OSError (ConnectionError is one) where one is refused."""
        deadline, opening = time.monotonic() + OPEN_SECONDS, set[_Subscriber]()
        left = list(enumerate(openings))[::-1]
        while left or opening:
            while left and len(opening) < OPENING:
                opening.add(self._connect(*left.pop()))
            self._turn()
            opening = {subscriber for subscriber in opening if not subscriber.is_open}
            if self.lost or time.monotonic() > deadline:
                raise ConnectionError(f"a subscriber's connection could not be opened: {self._why}")

    def listen(self, deliveries: int, seconds: float) -> None:
        """Until so many deliveries have come, nothing more can come, or time is over."""
        deadline, count = time.monotonic() + seconds, len(self._selector.get_map())
        while len(self.received) < deliveries and self.ended < count and time.monotonic() < deadline:
            self._turn()

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.data.connection.close()
        self._selector.close()

    def _connect(self, index: int, opening: Mapping[str, Any]) -> _Subscriber:
        connection = socket.create_connection(("127.0.0.1", self._port))
        headers = dict(opening["headers"])
        subscriber: _Subscriber
        if opening["hello"] is None:
            subscriber = _SseSubscriber(index, connection, self)
        else:
            subscriber = _SocketSubscriber(index, connection, self, opening["hello"].encode())
            headers["Sec-WebSocket-Key"] = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(request_bytes(opening["path"], headers))
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ, subscriber)
        return subscriber

    def _turn(self) -> None:
        """Stamp and put aside everything that comes without a pause, then read it."""
        aside: list[tuple[_Subscriber, bytes, int]] = []
        ready = self._selector.select(TURN_SECONDS)
        while ready and len(aside) < MOST_ASIDE:
            for key, _ in ready:
                aside.append((key.data, self._receive(key.data.connection), time.monotonic_ns()))
            ready = self._selector.select(0)
        for subscriber, data, at in aside:
            try:
                subscriber.take(data, at)
            except OSError as why:
                self._lose(subscriber, why)

    def _receive(self, connection: socket.socket) -> bytes:
        """What has come, b"" at the end of the connection."""
        data = b""
        with contextlib.suppress(OSError):
            data = connection.recv(PIECE_BYTES)
        if not data:
            self._selector.unregister(connection)  # else it would be ready for ever
        return data

    def _lose(self, subscriber: _Subscriber, why: OSError) -> None:
        self.lost, self._why = self.lost + 1, why
        with contextlib.suppress(KeyError):
            self._selector.unregister(subscriber.connection)
        subscriber.connection.close()


def follow(
    *, port: int, openings: Sequence[Mapping[str, Any]], deliveries: int, seconds: float
) -> dict[str, Any]:
    """Open every connection, say that they are open, and note deliveries until all have come or time is over.

    An opening is what `sse_opening` or `socket_opening` makes. Gives `received`, a list of (index of the
    opening, event's number, nanoseconds), and how many connections were `lost`.
    """
    with contextlib.closing(_Crowd(port)) as crowd:
        crowd.open(openings)
        say_ready()
        crowd.listen(deliveries, seconds)
    return {"received": crowd.received, "lost": crowd.lost}


def sse_opening(path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """A stream to open."""
    return {"path": path, "headers": {**headers, "Accept": "text/event-stream"}, "hello": None}


def socket_opening(path: str, headers: Mapping[str, str], hello: str) -> dict[str, Any]:
    """A websocket to open; `hello` is the first frame to send, "" for none."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    return {"path": path, "headers": {**headers, **upgrade}, "hello": hello}
