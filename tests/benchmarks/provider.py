"""A model provider of the least: it notes when it is asked, and what it answers is known beforehand."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.benchmarks.failures import NotMeasured
from tests.executions.inference.wire import chat_events

TOUCH = "change_order"  # the tool that it calls where it may: people are asked about it
FINAL = "final_answer"
PATIENCE_SECONDS = 30.0


class Provider:
    """OpenAI's chat completions on 127.0.0.1, in threads of this process until the block ends.

    Who may change an order does so first; a history with a result, or an agent without that tool, is
    answered at once.
    """

    def __init__(self, port: int) -> None:
        self._asked: list[int] = []  # nanoseconds, by a clock that all processes of a machine share
        self._news = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.provider = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def note(self, at: int) -> None:
        with self._news:
            self._asked.append(at)
            self._news.notify_all()

    def forget(self) -> None:
        """Drop what was asked so far."""
        with self._news:
            self._asked.clear()

    def wait_for(self, number: int) -> int:
        """When it was asked for this time, counted from 1 since `forget`; raises NotMeasured."""
        with self._news:
            if not self._news.wait_for(lambda: len(self._asked) >= number, PATIENCE_SECONDS):
                raise NotMeasured(f"the provider was not asked {number} times")
            return self._asked[number - 1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    provider: Provider


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # as real servers do: else small writes wait on connections that are kept
    server: _Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.provider.note(time.monotonic_ns())
        content = "".join(chat_events(calls=_calls(asked), finish="tool_calls")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """The benchmark's output is no access log."""


def _calls(asked: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    offered = {tool["function"]["name"] for tool in asked.get("tools", ())}
    has_result = any(message["role"] == "tool" for message in asked["messages"])
    if TOUCH in offered and not has_result:
        return (("call_1", TOUCH, json.dumps({"order": "2026-00017"})),)
    return (("call_2", FINAL, json.dumps({"answer": "It is on its way."})),)
