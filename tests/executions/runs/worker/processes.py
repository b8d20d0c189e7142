"""Real worker processes on the test's database."""

import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection

PROJECT = Path(__file__).resolve().parents[4]
START_SECONDS = 120  # three on a quiet machine


@dataclass
class Worker:
    """A started `manage.py worker`; its log is in `log`."""

    process: subprocess.Popen[str]
    log: Path
    run_dir: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self.process.kill()
        self.process.wait(60)

    def stop(self, timeout: float = 60) -> int:
        """SIGTERM, and the exit status."""
        self.process.terminate()
        return self.process.wait(timeout)


def database_url() -> str:
    """The URL of the database that this test process uses."""
    of = connection.settings_dict
    host = quote(of["HOST"], safe="")
    return f"postgresql://{of['USER']}:{quote(of['PASSWORD'])}@{host}:{of['PORT']}/{of['NAME']}"


@contextmanager
def worker(folder: Path, *arguments: str, **environment: str) -> Iterator[Worker]:
    """A worker that is ready; killed on the way out if it still runs."""
    folder.mkdir(parents=True, exist_ok=True)
    log, run_dir = folder / "worker.log", folder / "runs"
    variables = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DATABASE_LISTEN_URL": database_url(),
        "CALLBOARD_LOCAL": "test",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "BLOB_DIR": str(settings.STORAGES["blobs"]["OPTIONS"]["location"]),
        "RUN_DIR": str(run_dir),
        **environment,
    }
    with log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "django", "worker", *arguments],
            cwd=PROJECT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
    started = Worker(process, log, run_dir)
    try:
        _wait_until_ready(started)
        yield started
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


def processes_with(mark: str) -> list[psutil.Process]:
    """The processes of this machine, sandboxes included, whose command line contains a text."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(mark in word for word in process.info["cmdline"] or ())
    ]


def wait_until(check: Callable[[], object], *, timeout: float = 60, what: str = "it") -> float:
    """Seconds until `check()` holds; fails after `timeout`."""
    begun = time.monotonic()
    while not check():
        if time.monotonic() - begun > timeout:
            raise AssertionError(f"{what} did not happen within {timeout} s")
        time.sleep(0.02)
    return time.monotonic() - begun


def _wait_until_ready(started: Worker) -> None:
    with selectors.DefaultSelector() as selector:
        assert started.process.stdout is not None
        selector.register(started.process.stdout, selectors.EVENT_READ)
        line = started.process.stdout.readline() if selector.select(START_SECONDS) else ""
    if not re.search("is ready", line):
        raise AssertionError(f"The worker did not start:\n{started.log.read_text()}")
