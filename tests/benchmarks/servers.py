"""Starts what is measured, as it runs in production, and the bare server beside it."""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from config.environment import ROOT
from config.management.commands.web import BACKLOG, DEFAULT_SERVER, server_command
from config.server.supervisor import ProcessSupervisor, Program
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.http_client import BadAnswer, HttpClient, request_bytes

MANAGE = [sys.executable, str(ROOT / "manage.py")]
BARE_APPLICATION = "tests.benchmarks.bare:application"
START_SECONDS = 60.0
GRACE = 15.0  # seconds: more than `web` gives its own children
_IS_THERE = "SELECT 1 FROM executions_workernode WHERE pid = %s"


class NotStarted(NotMeasured):
    """A server or worker did not come up; its log says why."""


@dataclass(frozen=True)
class Site:
    """One deployment under measurement: its database, its processes' variables, its files and their logs."""

    database_url: str
    env: Mapping[str, str]
    folder: Path
    logs: Path


@dataclass(frozen=True)
class Server:
    """A server that answers on a port of 127.0.0.1; `pids` are its processes that serve."""

    port: int
    pids: tuple[int, ...]

    def processor_seconds(self) -> float:
        """Used so far by all of its threads: tells what something costs, however busy the machine is."""
        times = [psutil.Process(pid).cpu_times() for pid in self.pids]
        return sum(taken.user + taken.system for taken in times)


def site_of(database_url: str, folder: Path, *, logs: Path) -> Site:
    """The variables under which the real commands run against a scratch database, files in `folder`."""
    env = {
        "CALLBOARD_LOCAL": "demo",
        "DATABASE_URL": database_url,
        "DATABASE_LISTEN_URL": database_url,
        "REDIS_URL": "",
        "RATE_LIMIT": "999999999/min",  # one key asks for everything here
        "MAX_STREAMS": "1000000",
        "PRIVATE_TOOL_HOSTS": "127.0.0.0/8",  # tools of the benchmark's agents are on this machine
        "BLOB_DIR": str(folder / "blobs"),
        "RUN_DIR": str(folder / "runs"),
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    return Site(database_url, env, folder, logs)


@contextlib.contextmanager
def web(site: Site, *, processes: int = 2, name: str = "web") -> Iterator[Server]:
    """`manage.py web` on a free port until the block ends."""
    port = free_port()
    command = [*MANAGE, "web", "--processes", str(processes), "--port", str(port)]
    with ProcessSupervisor([Program(name, command, site.env)], logs=site.logs, grace=GRACE) as supervisor:
        _wait_until_answering(port, "/healthz", processes)
        pid = supervisor.pids[name]
        yield Server(port, tuple(child.pid for child in psutil.Process(pid).children()))


@contextlib.contextmanager
def bare_web(site: Site, routes: Mapping[str, Any], *, processes: int = 2) -> Iterator[Server]:
    """The bare application under the same server program, its processes sharing one socket too."""
    config = site.folder / "bare.json"
    config.write_text(json.dumps({"database_url": site.database_url, "routes": routes}))
    env = {**site.env, "BENCH_BARE": str(config), "PYTHONPATH": str(ROOT)}
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the limit shall wait for nothing
        server = os.environ.get("ASGI_SERVER", DEFAULT_SERVER)
        module = server_command(server, listener.fileno(), verbose=False)[:-1]
        command = [sys.executable, "-m", *module, BARE_APPLICATION]
        programs = [
            Program(f"bare-{number}", command, env, (listener.fileno(),)) for number in range(processes)
        ]
        port = listener.getsockname()[1]
        with ProcessSupervisor(programs, logs=site.logs, grace=GRACE) as supervisor:
            _wait_until_open(port)
            yield Server(port, tuple(pid for pid in supervisor.pids.values() if pid))


@contextlib.contextmanager
def worker(site: Site, *, name: str = "worker") -> Iterator[int]:
    """`manage.py worker` until the block ends, its process id; the database knows it by that name."""
    programs = [Program(name, [*MANAGE, "worker"], {**site.env, "PGAPPNAME": name})]
    with (
        ProcessSupervisor(programs, logs=site.logs, grace=GRACE) as supervisor,
        psycopg.connect(site.database_url, autocommit=True) as looking,
    ):
        pid, deadline = supervisor.pids[name] or 0, time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if looking.execute(_IS_THERE, [pid]).fetchone():
                yield pid
                return
            time.sleep(0.1)
        raise NotStarted(f"the worker did not start; see {site.logs}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_until_answering(port: int, path: str, times: int) -> None:
    """Each process of a server has to answer, and which of them does is the kernel's choice: ask on."""
    deadline, request, answers = time.monotonic() + START_SECONDS, request_bytes(path, {}), 0
    while answers < times * 10:
        if time.monotonic() > deadline:
            raise NotStarted(f"the server on port {port} did not answer within {START_SECONDS:.0f} s")
        try:
            with HttpClient(port) as client:
                client.ask(request)
            answers += 1
        except (OSError, BadAnswer):
            time.sleep(0.1)


def _wait_until_open(port: int) -> None:
    """The bare application has one route that asks nothing of the database: the stream."""
    with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as probe:
        probe.sendall(request_bytes("/stream", {}))
        if not probe.recv(64).startswith(b"HTTP/1.1 200"):
            raise NotStarted(f"the bare server on port {port} did not answer")
