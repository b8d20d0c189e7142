"""A tool over HTTP that counts what it was asked, and may be slow or hold its answers back."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOLD_SECONDS = 90.0


class ToolServer(ThreadingHTTPServer):
    """Answers `{"order": …, "state": "sent"}` to everything; `released` lets held answers go."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.begun: Counter[str] = Counter()  # requests that arrived, by tool call id
        self.done: Counter[str] = Counter()  # requests that were answered
        self.bodies: list[object] = []  # what was sent, in the order in which it arrived
        self.most_at_once = 0
        self.holding: set[str] = set()  # the paths whose answers are held back
        self.released = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def at_once(self) -> int:
        return self.begun.total() - self.done.total()


@contextmanager
def tool_server() -> Iterator[ToolServer]:
    """A server that runs for the length of a test."""
    server = ToolServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=60)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ToolServer

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        sent = json.loads(self.rfile.read(length) or b"{}")
        call_id = self.headers["x-cadenya-tool-call-id"]
        with self.server.lock:
            self.server.begun[call_id] += 1
            self.server.bodies.append(sent)
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        if urlsplit(self.path).path in self.server.holding:
            self.server.released.wait(HOLD_SECONDS)
        content = json.dumps({"order": sent.get("order", self.path), "state": "sent"}).encode()
        with self.server.lock:
            self.server.done[call_id] += 1
        with suppress(ConnectionError):
            self._send(content)

    def _send(self, content: bytes) -> None:
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: Any) -> None:
        """A test's output is not an access log."""
