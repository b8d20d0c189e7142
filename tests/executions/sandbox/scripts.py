"""Run a piece of Python in a real sandbox and find what it left running."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import psutil

from executions.sandbox import Limits, ProcessOutcome, RunningProcess, SandboxWorkspace, launch

MIB = 1024 * 1024


@dataclass(frozen=True)
class Finished:
    outcome: ProcessOutcome
    stdout: str

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()


def start_python(
    workspace: SandboxWorkspace,
    code: str,
    *arguments: str,
    limits: Limits | None = None,
    bundle: Path | None = None,
    extra: Mapping[str, Path] | None = None,
) -> RunningProcess:
    return launch(
        ["python", "-c", dedent(code), *arguments],
        workspace=workspace,
        bundle=bundle,
        limits=limits or Limits(wall_seconds=100),
        extra_read_only=extra,
    )


def run_python(
    workspace: SandboxWorkspace,
    code: str,
    *arguments: str,
    limits: Limits | None = None,
    bundle: Path | None = None,
    extra: Mapping[str, Path] | None = None,
) -> Finished:
    """Let it end, by itself or by its limits."""
    with start_python(workspace, code, *arguments, limits=limits, bundle=bundle, extra=extra) as running:
        outcome = running.wait()
        stdout = bytearray()
        while (line := running.read_line(0)) is not None:
            stdout += line
    return Finished(outcome, stdout.decode())


def processes_named(token: str) -> list[int]:
    """Ids of the processes on this machine that have `token` among their arguments."""
    everything = psutil.process_iter(["cmdline"])
    return [process.pid for process in everything if token in (process.info["cmdline"] or [])]


def wait_until_gone(token: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while processes_named(token):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def wait_until_there(token: str, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not processes_named(token):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
