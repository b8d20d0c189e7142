"""Many clients at once on one server, from one process without threads."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.benchmarks.http_client import BadAnswer, answer_size, request_bytes, status_of

WARM_SECONDS = 0.5  # at the beginning, not counted


class _Client(asyncio.Protocol):
    """Sends the next request as soon as the last answer is complete."""

    def __init__(self, requests: Iterator[bytes], load: "_Load") -> None:
        self._requests = requests
        self._load = load
        self._received = b""
        self._sent_at = 0.0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            size = answer_size(self._received)
            if size is None or len(self._received) < size:
                return
            if status_of(self._received) != 200:
                raise BadAnswer(self._received[:300].decode("latin-1"))
        except BadAnswer as bad:
            self._load.fail(bad)
            return
        self._received = b""
        if self._load.note(self._sent_at):
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._load.fail(error or ConnectionError("the server closed a connection"))

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))


class _Load:
    """What all clients together have seen; counts answers that come between the two times."""

    def __init__(self, begins_at: float, ends_at: float) -> None:
        self._begins_at, self._ends_at = begins_at, ends_at
        self.milliseconds: list[float] = []
        self.total = 0
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_over = False

    def note(self, sent_at: float) -> bool:
        """One answer has come; False once its client shall stop."""
        now = time.perf_counter()
        self.total += 1
        if self._begins_at <= now < self._ends_at:
            self.milliseconds.append((now - sent_at) * 1000)
        return now < self._ends_at

    def fail(self, error: Exception) -> None:
        if not self.is_over and not self.failure.done():
            self.failure.set_exception(error)


def count_requests(
    *, port: int, paths: Sequence[str], headers: Mapping[str, str], clients: int, duration: float
) -> dict[str, Any]:
    """Answers a second of `clients` that each ask as fast as they are answered; milliseconds of each answer.

    `total` counts every answer of `duration` seconds and of the warm-up before them.
    """
    requests = itertools.cycle([request_bytes(path, headers) for path in paths])
    load = asyncio.run(_run(port, requests, clients, duration))
    return {
        "per_second": len(load.milliseconds) / duration,
        "milliseconds": load.milliseconds,
        "total": load.total,
    }


async def _run(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> "_Load":
    loop = asyncio.get_running_loop()
    begins_at = time.perf_counter() + WARM_SECONDS
    load = _Load(begins_at, begins_at + seconds)
    transports = []
    for _ in range(clients):
        transport, _protocol = await loop.create_connection(
            lambda: _Client(requests, load), "127.0.0.1", port
        )
        transports.append(transport)
    try:
        async with asyncio.timeout(WARM_SECONDS + seconds):
            await load.failure
    except TimeoutError:
        pass
    finally:
        load.is_over = True
        for transport in transports:
            transport.close()
    return load
