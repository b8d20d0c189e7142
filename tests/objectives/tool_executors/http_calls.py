"""A tool's server, and calls of it as the loop makes them."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from executions.runs.worker.stop_signal import StopSignal
from objectives.models import AdapterKind, ApprovalStatus, ToolCall
from objectives.planning.plan import Plan
from objectives.tool_executors.http import call_http
from tests.executions.runs.worker.benches import run_here
from tests.objectives.factories import make_secret, make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

SECRET = "s3cret-Value/9"


class Tool(ThreadingHTTPServer):
    """Answers as `reply` says: (status, headers, body) for a handler that keeps what it was sent."""

    daemon_threads = True

    def __init__(self, reply: Callable[[Any], tuple[int, dict[str, str], bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Tool

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))
        status, headers, content = self.server.reply(self)
        with suppress(OSError):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def tool(reply) -> Iterator[Tool]:
    server = Tool(reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def calls_of(actor):
    """Calls a tool with this configuration and these arguments; returns the outcome and the row."""

    def call(
        base_url,
        *,
        config=None,
        arguments=None,
        headers=None,
        seconds=20.0,
        stop=None,
        before=lambda: None,
        secret=True,
        overlays=(),
    ):
        tool_set = make_tool_set(
            space=actor.space,
            created_by=actor.principal,
            adapter=AdapterKind.HTTP,
            base_url=base_url,
            headers=headers or {},
            overlays=[*overlays],
        )
        if secret:
            make_secret(
                space=actor.space,
                created_by=actor.principal,
                name="TOKEN",
                value=SECRET if secret is True else secret,
            )
        row = make_tool(tool_set=tool_set, name="fetch", config=config or {"requestMethod": "GET"})
        objective = begin_objective(actor, make_published_agent(actor, row))
        made = ask_for(objective, "fetch", approval=ApprovalStatus.AUTO_APPROVED)
        made.arguments = arguments or {}
        offered = Plan.read(objective.plan).of_function("fetch")
        deadline = time.monotonic() + seconds

        async def carried_out(steps):
            loop, stopped = asyncio.get_running_loop(), asyncio.Event()
            with (stop or StopSignal()).told(lambda _: loop.call_soon_threadsafe(stopped.set)):
                return await call_http(made, offered, deadline=deadline, stopped=stopped, steps=steps)

        before()
        outcome = run_here(carried_out)
        return outcome, ToolCall.objects.get(pk=made.pk)

    return call
