"""A local server that speaks the HTTP APIs of model providers, word for word as told."""

import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.executions.inference.strict_history import history_problem

HOLD_SECONDS = 50.0


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: JSON when `body` is given, else a stream of events.

    `events` are raw SSE blocks, or frames of another media type. `ending` says what follows them: `end`
    closes the stream properly, `cut` drops the connection in the middle of it, `hold` keeps it open, by
    `filler`, until the client goes away.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    events: tuple[str | bytes, ...] = ()
    media_type: str = "text/event-stream"
    filler: str | bytes = ": still thinking\n\n"
    ending: str = "end"
    delay_seconds: float = 0.0


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    port: int  # of the client's end, which tells connections apart
    at: float  # by the monotonic clock


class ProviderServer(ThreadingHTTPServer):
    """Gives its answers in order, the last one again and again, and keeps what it was asked.

    A strict one answers 400 to a history that the strictest providers refuse, and keeps why in `refused`.
    """

    daemon_threads = True

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None, is_strict: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.is_strict = is_strict
        self.refused: list[str] = []
        self._scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.answers = deque(answers)
        self.received: list[Received] = []
        self.open: set[int] = set()  # the clients' ends of connections
        self.client_left = threading.Event()
        self.is_over = threading.Event()  # nobody has to wait for an answer that is held back

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.server_address[1]}"

    def next_answer(self) -> Answer:
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(
    *answers: Answer, tls: ssl.SSLContext | None = None, is_strict: bool = False
) -> Iterator[ProviderServer]:
    """A server that runs for the length of a test."""
    server = ProviderServer(*answers, tls=tls, is_strict=is_strict)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # as real servers do: else small writes wait on connections that are kept
    server: ProviderServer

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.client_address[1])

    def finish(self) -> None:
        self.server.open.discard(self.client_address[1])
        with suppress(ConnectionError):
            super().finish()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.server.received.append(
            Received(self.path, headers, body, self.client_address[1], time.monotonic())
        )
        if self.server.is_strict and (problem := history_problem(body)):
            self.server.refused.append(problem)
            self._send_json(
                Answer(400, body={"error": {"message": problem, "type": "invalid_request_error"}})
            )
            return
        answer = self.server.next_answer()
        self.server.is_over.wait(answer.delay_seconds)
        with suppress(ConnectionError):
            self._send_json(answer) if answer.body is not None else self._send_events(answer)

    def _send_json(self, answer: Answer) -> None:
        content = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _send_events(self, answer: Answer) -> None:
        self.close_connection = answer.ending != "end"
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for event in answer.events:
            self._send_chunk(event)
        if answer.ending == "end":
            self.wfile.write(b"0\r\n\r\n")
        elif answer.ending == "hold":
            self._hold(answer.filler)

    def _hold(self, filler: str | bytes) -> None:
        """Send what says nothing until the client is gone, and say so."""
        until = time.monotonic() + HOLD_SECONDS
        while time.monotonic() < until and not self.server.is_over.is_set():
            try:
                self._send_chunk(filler)
            except ConnectionError:
                self.server.client_left.set()
                return
            time.sleep(0.02)

    def _send_chunk(self, event: str | bytes) -> None:
        content = event.encode() if isinstance(event, str) else event
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """A test's output is not an access log."""
