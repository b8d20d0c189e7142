"""A real web process on the test database, and what its process holds."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx2
import psutil
from django.conf import settings
from django.db import connection

from config.management.commands.web import DEFAULT_SERVER, server_command
from executions.models import SkillExecution
from spaces.models import Space

ROOT = Path(__file__).resolve().parents[4]
START_SECONDS = 90


@dataclass(frozen=True)
class Server:
    """One web process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/ws"

    def events_url(self, execution: SkillExecution) -> str:
        return f"{self.url}/v1/spaces/{execution.space_id}/skills/executions/{execution.id}/events"

    def lookup_url(self, space: Space, tool_call_id: str) -> str:
        call = quote(tool_call_id, safe="")
        return f"{self.url}/v1/spaces/{space.id}/skills/executions/by-chat-tool-call/{call}"

    def threads(self) -> int:
        return psutil.Process(self.process.pid).num_threads()

    def memory(self) -> int:
        """Bytes of resident memory."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


def database_url() -> str:
    """The URL of the database that the tests of this process use."""
    parts = connection.settings_dict
    credentials = f"{quote(parts['USER'])}:{quote(parts['PASSWORD'])}@" if parts["USER"] else ""
    host = parts["HOST"]
    place = f"{host}:{parts['PORT']}" if not host.startswith("/") else ""
    query = "" if place else f"?host={quote(host, safe='')}&port={parts['PORT']}"
    return f"postgresql://{credentials}{place}/{quote(parts['NAME'])}{query}"


@contextlib.contextmanager
def running_server(
    server: str = DEFAULT_SERVER, *, log: Path | None = None, port: int = 0, **environment: str
) -> Iterator[Server]:
    """Start a web process and wait until it answers; ended hard afterwards.

    What it says goes to `log`, else where ours goes. `port` is one that another has had before, 0 any.
    """
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", port), backlog=2048))
        output = None if log is None else opened.enter_context(log.open("wb"))
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", *server_command(server, listener.fileno(), verbose=False)],
            cwd=ROOT,
            env={**_environment(), **environment},
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
        )
    try:
        found = Server(port, process)
        _wait_until_alive(found)
        yield found
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(60)


def _environment() -> dict[str, str]:
    """As in production: with a pool, on the database of this test run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD_")}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "tests.executions.runs.live.settings",
        "CALLBOARD_LOCAL": "demo",
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,  # the same as ours: a session made here is valid there
        "DATABASE_POOL_SIZE": "12",
        "RATE_LIMIT": "1000000/min",
        "ALLOWED_ORIGINS": "https://app.example.com",
        "LOG_LEVEL": "WARNING",
    }


def _wait_until_alive(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.process.poll() is None, "the server ended while it started"
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{server.url}/healthz", timeout=2).status_code == httpx2.codes.OK:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not answer in time")
