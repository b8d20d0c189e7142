"""Many subscribers in one lean process: each notes which event reached it, and when."""

import asyncio
import base64
import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from config.bench.apart import say_ready
from config.bench.lines import request_bytes

OPENING = 32  # connections that are opened at once
OPEN_SECONDS = 300.0
_HEAD_END = b"\r\n\r\n"
_SSE_NUMBER = re.compile(rb"(?:^|\n)id: ?(\d+)\n")
_EVENT_NUMBER = re.compile(rb'^\{"type":"event".*?"seq":(\d+)')
_TEXT, _PING = 0x1, 0x9


class _Subscriber(asyncio.Protocol):
    """One open connection; `is_open` is set when the server has said its first word."""

    def __init__(self, index: int, request: bytes, crowd: "_Crowd") -> None:
        self._index = index
        self._request = request
        self._crowd = crowd
        self._buffer = b""
        self._has_head = False
        self.transport: Any = None
        self.is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        self.fail(error or ConnectionError("the server closed a subscriber's connection"))

    def data_received(self, data: bytes) -> None:
        at = time.monotonic_ns()
        self._buffer += data
        if not self._has_head:
            head, found, rest = self._buffer.partition(_HEAD_END)
            if not found:
                return
            if head[9:12] not in (b"200", b"101"):
                self.fail(ConnectionError(head[:200].decode("latin-1")))
                return
            self._has_head, self._buffer = True, rest
            self.greet()
        self.read(at)

    def greet(self) -> None:
        """The answer's head has come."""

    def read(self, at: int) -> None:
        """Take what is complete out of the buffer."""
        raise NotImplementedError

    def note(self, number: int, at: int) -> None:
        self._crowd.note(self._index, number, at)

    def open(self) -> None:
        if not self.is_open.done():
            self.is_open.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.is_open.done():
            self.is_open.set_exception(error)
        self._crowd.lost += not self._crowd.is_over


class _SseSubscriber(_Subscriber):
    """Server-sent events; the sizes of HTTP chunks stand between them and do not matter."""

    def read(self, at: int) -> None:
        complete, found, self._buffer = self._buffer.rpartition(b"\n\n")
        if found:
            self.open()
            for number in _SSE_NUMBER.findall(complete + b"\n"):
                self.note(int(number), at)


class _SocketSubscriber(_Subscriber):
    """A websocket, as far as it is needed: whole text frames from the server, and pings to answer."""

    def __init__(self, index: int, request: bytes, crowd: "_Crowd", hello: bytes) -> None:
        super().__init__(index, request, crowd)
        self._hello = hello

    def greet(self) -> None:
        if self._hello:
            self._send(_TEXT, self._hello)
        else:
            self.open()

    def read(self, at: int) -> None:
        while (frame := _first_frame(self._buffer)) is not None:
            code, begin, end = frame
            payload, self._buffer = self._buffer[begin:end], self._buffer[end:]
            if code == _PING:
                self._send(0xA, payload)
            elif payload.startswith(b'{"type":"snapshot"'):
                self.open()
            elif number := _EVENT_NUMBER.match(payload):
                self.note(int(number[1]), at)
            elif payload.startswith(b'{"type":"error"'):
                self.fail(ConnectionError(payload.decode()))

    def _send(self, code: int, payload: bytes) -> None:
        # Clients must mask; with zeros the payload stays what it is.
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self.transport.write(bytes([0x80 | code]) + length + bytes(4) + payload)


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
    """What all of them have received together."""

    def __init__(self, deliveries: int) -> None:
        self._wanted = deliveries
        self.received: list[tuple[int, int, int]] = []
        self.lost = 0
        self.is_over = False
        self.all_received = asyncio.Event()

    def note(self, index: int, number: int, at: int) -> None:
        self.received.append((index, number, at))
        if len(self.received) >= self._wanted:
            self.all_received.set()


def follow(
    *, port: int, openings: Sequence[Mapping[str, Any]], deliveries: int, seconds: float
) -> dict[str, Any]:
    """Open every connection, say that they are open, and note deliveries until all have come or time is over.

    An opening is what `sse_opening` or `socket_opening` makes. Gives `received`, a list of (index of the
    opening, event's number, nanoseconds), and how many connections were `lost`.
    """
    crowd = asyncio.run(_follow(port, openings, deliveries, seconds))
    return {"received": crowd.received, "lost": crowd.lost}


def sse_opening(path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """A stream to open."""
    return {"path": path, "headers": {**headers, "Accept": "text/event-stream"}, "hello": None}


def socket_opening(path: str, headers: Mapping[str, str], hello: str) -> dict[str, Any]:
    """A websocket to open; `hello` is the first frame to send, "" for none."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    return {"path": path, "headers": {**headers, **upgrade}, "hello": hello}


async def _follow(
    port: int, openings: Sequence[Mapping[str, Any]], deliveries: int, seconds: float
) -> _Crowd:
    crowd, gate = _Crowd(deliveries), asyncio.Semaphore(OPENING)
    loop = asyncio.get_running_loop()

    async def connect(index: int) -> _Subscriber:
        async with gate:
            make = _maker(index, openings[index], crowd)
            _transport, connected = await loop.create_connection(make, "127.0.0.1", port)
            subscriber: _Subscriber = connected
            await subscriber.is_open
            return subscriber

    async with asyncio.timeout(OPEN_SECONDS):
        subscribers = await asyncio.gather(*map(connect, range(len(openings))))
    say_ready()
    try:
        async with asyncio.timeout(seconds):
            await crowd.all_received.wait()
    except TimeoutError:
        pass  # the caller sees by their number that some are missing
    crowd.is_over = True
    for subscriber in subscribers:
        subscriber.transport.abort()
    return crowd


def _maker(index: int, opening: Mapping[str, Any], crowd: _Crowd) -> Any:
    headers = dict(opening["headers"])
    if opening["hello"] is None:
        return lambda: _SseSubscriber(index, request_bytes(opening["path"], headers), crowd)
    headers["Sec-WebSocket-Key"] = base64.b64encode(os.urandom(16)).decode()
    request = request_bytes(opening["path"], headers)
    return lambda: _SocketSubscriber(index, request, crowd, opening["hello"].encode())
