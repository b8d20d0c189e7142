"""The client of the turns part: starts objectives, follows their streams, and approves what they ask."""

import json
import re
import secrets
import socket
import time
from collections.abc import Mapping
from typing import Any, Self

from tests.benchmarks.barejobs import CHANNEL, PATIENCE_SECONDS, bare_app, time_bare
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.listener import Listener

WARM_UPS = 3  # not counted
PIECE_BYTES = 64 * 1024
IS_THERE = re.compile(rb'"type":"objective","objective":\{"metadata":\{"id":"(\w+)"')
HAS_ANSWERED = re.compile(rb'"type":"assistantMessage"')
IS_FINALIZED = re.compile(rb'"toState":"OBJECTIVE_STATE_FINALIZED"')
ASKS = re.compile(rb'"toolApprovalRequested":\{"toolCallId":"(\w+)"')
WAITS = re.compile(rb'"toState":"OBJECTIVE_STATE_WAITING"')
IS_CALLED = re.compile(rb'"type":"toolCalled"')


class Stream:
    """The answer to one request, as it comes: every piece with its time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._pieces: list[tuple[int, int]] = []  # how much had come with a piece, and when

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._socket.close()

    def send(self, request: bytes) -> int:
        """When it was begun, in nanoseconds."""
        begun = time.monotonic_ns()
        self._socket.sendall(request)
        return begun

    def wait_for(self, mark: re.Pattern[bytes]) -> tuple[int, str]:
        """When the answer first held this, and the mark's first group ("" for none); raises NotMeasured."""
        while (found := mark.search(self._received)) is None:
            piece = self._socket.recv(PIECE_BYTES)
            if not piece:
                raise NotMeasured(f"a stream ended before {mark.pattern!r}: {self._received[-500:]!r}")
            self._received += piece
            self._pieces.append((len(self._received), time.monotonic_ns()))
        at = next(at for size, at in self._pieces if size >= found.end())
        return at, found[1].decode() if mark.groups else ""


def time_turns(
    *,
    port: int,
    path: str,
    headers: Mapping[str, str],
    answerer: str,
    asker: str,
    bare_url: str,
    count: int,
) -> dict[str, list[float]]:
    """Milliseconds, in turns, of objectives that only answer, and of decisions on what others ask.

    From before the request that creates an objective and streams it: `shown` to its own frame, `answered` to
    the model's first response, `finalized` to its last state. `called`: from before the approval of a tool
    call to the event that it was begun. `bare`: a bare job, from before it is deferred to its start. `path`
    is where the workspace API begins; the agents are given by id.
    """
    taken: dict[str, list[float]] = {
        name: [] for name in ("shown", "answered", "finalized", "called", "bare")
    }
    app = bare_app(bare_url)
    with Listener(bare_url, [CHANNEL]) as bare, app.open():
        for number in range(count + WARM_UPS):
            bare.forget()
            seen = {
                **_answer(port, path, headers, answerer),
                **_approve(port, path, headers, asker),
                "bare": time_bare(app, bare, number),
            }
            if number >= WARM_UPS:
                for name, milliseconds in seen.items():
                    taken[name].append(milliseconds)
    return taken


def _answer(port: int, path: str, headers: Mapping[str, str], agent: str) -> dict[str, float]:
    with Stream(port) as stream:
        begun = stream.send(creating(path, headers, agent))
        marks = {"shown": IS_THERE, "answered": HAS_ANSWERED, "finalized": IS_FINALIZED}
        return {name: (stream.wait_for(mark)[0] - begun) / 1e6 for name, mark in marks.items()}


def approve(
    stream: Stream, client: HttpClient, path: str, headers: Mapping[str, str], *, agent: str
) -> tuple[int, int]:
    """Start an objective and approve its call once it is at rest: when, and when the call began (ns)."""
    stream.send(creating(path, headers, agent))
    _, objective = stream.wait_for(IS_THERE)
    _, call = stream.wait_for(ASKS)
    stream.wait_for(WAITS)
    deciding = f"{path}/objectives/{objective}/tool_calls/{call}:approve"
    begun = time.monotonic_ns()
    client.ask(request_bytes(deciding, headers, method="POST"))
    called, _ = stream.wait_for(IS_CALLED)
    return begun, called


def _approve(port: int, path: str, headers: Mapping[str, str], agent: str) -> dict[str, float]:
    """The objective is at rest when it is decided; it then goes on to its end before anything else begins."""
    with Stream(port) as stream, HttpClient(port) as client:
        begun, at = approve(stream, client, path, headers, agent=agent)
        stream.wait_for(IS_FINALIZED)
    return {"called": (at - begun) / 1e6}


def creating(path: str, headers: Mapping[str, str], agent: str) -> bytes:
    asked: dict[str, Any] = {
        "agentId": agent,
        "firstUserMessage": "Where is order 2026-00017?",
        "metadata": {"externalId": f"bench-{secrets.token_hex(8)}"},
    }
    return request_bytes(f"{path}/objectives:stream", headers, method="POST", body=json.dumps(asked).encode())
