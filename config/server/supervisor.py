"""Keeps child processes running: starts, watches, restarts and, at the end, stops them all."""

import contextlib
import logging
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol, Self

from config.server import die_with_parent

log = logging.getLogger(__name__)

LEASH = Path(die_with_parent.__file__)
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds before a restart, doubling while starts keep failing
STEADY_AFTER = 10.0  # seconds of life after which a child's next end counts as its first
TEND_EVERY = 0.1
LOG_BYTES = 10 * 1024 * 1024  # a larger log is put aside as NAME.log.1 when its child starts


class RunningChild(Protocol):
    """A child that was started, as `subprocess.Popen` shows it."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def terminate(self) -> None: ...


@dataclass(frozen=True)
class Program:
    """A command to run: `env` is laid over our own, `descriptors` stay open in the child."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()

    def start(self, output: IO[bytes] | None) -> RunningChild:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *self.argv],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            pass_fds=self.descriptors,
            start_new_session=True,
        )


@dataclass(frozen=True)
class ForkedModule:
    """`python -m argv…` in a fork of this process: what is loaded here takes memory once for all children.

    This process must have no threads, event loops or connections. All that it has open stays open in the
    child, and the output goes where ours goes.
    """

    name: str
    argv: Sequence[str]

    def start(self, output: IO[bytes] | None) -> RunningChild:
        if threading.active_count() > 1:  # what another thread has locked would stay locked in the child
            raise RuntimeError(f"cannot fork beside {threading.enumerate()}")
        process = multiprocessing.get_context("fork").Process(target=self._run, args=[os.getpid()])
        # A signal that comes before the child has handlers of its own must end it, not be noted as ours.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return _Fork(process)

    def _run(self, parent: int) -> None:
        os.setsid()
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        die_with_parent.bind(parent)
        sys.argv = list(self.argv)
        runpy.run_module(self.argv[0], run_name="__main__", alter_sys=True)


class _Fork:
    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self._process = process
        self.pid = process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode or 0

    def terminate(self) -> None:
        self._process.terminate()


@dataclass
class _Child:
    program: Program | ForkedModule
    running: RunningChild | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = FIRST_PAUSE


class ProcessSupervisor:
    """A plain object for one thread: what starts a child must outlive it (see die_with_parent.py).

    With `logs`, each child's output is appended to `logs/NAME.log`; without, it goes where ours goes.
    `grace` is the seconds between SIGTERM and SIGKILL: a supervisor that is itself a child needs less
    than its parent gives it. Children lead sessions of their own, so Ctrl-C reaches only the supervisor.
    """

    def __init__(
        self,
        programs: Sequence[Program | ForkedModule],
        *,
        logs: Path | None = None,
        grace: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._children = [_Child(program) for program in programs]
        self._logs = logs
        self._grace = grace
        self._clock = clock
        self._sleep = sleep
        self._signals = 0

    def __enter__(self) -> Self:
        self.tend()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int | None]:
        """Process ids by program name; None for one that is waiting to be started."""
        return {child.program.name: child.running.pid if child.running else None for child in self._children}

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start all and tend them until SIGINT, SIGTERM or SIGHUP comes or `until()` holds; then stop all.

        Must be called from the main thread. A second signal ends the grace at once.
        """
        with self._signals_noted(), self:
            while not self._signals and not until():
                self.tend()
                self._sleep(TEND_EVERY)

    def tend(self) -> None:
        """One round: note what has ended, start what is due. To be called at least once a second."""
        now = self._clock()
        for child in self._children:
            if child.running is not None and (status := child.running.poll()) is not None:
                self._note_end(child, status, now)
            if child.running is None and now >= child.start_at:
                child.running, child.started_at = self._start(child.program), now

    def stop(self) -> None:
        """SIGTERM to all, SIGKILL to the process group of what is left after the grace; all are reaped."""
        running = [child.running for child in self._children if child.running is not None]
        for process in running:
            process.terminate()
        deadline, signals = self._clock() + self._grace, self._signals
        while self._clock() < deadline and self._signals <= signals:
            if all(process.poll() is not None for process in running):
                break
            self._sleep(0.02)
        for process in running:
            if process.poll() is None:
                log.warning("process %d did not end in time and is killed", process.pid)
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for child in self._children:
            child.running = None

    def _note_end(self, child: _Child, status: int, now: float) -> None:
        if now - child.started_at >= STEADY_AFTER:
            child.pause = FIRST_PAUSE
        log.warning(
            "%s ended with status %d; it starts again in %.1f s", child.program.name, status, child.pause
        )
        child.running, child.start_at = None, now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def _start(self, program: Program | ForkedModule) -> RunningChild:
        if self._logs is None:
            return program.start(None)
        with _open_log(self._logs, program.name).open("ab") as output:
            return program.start(output)

    @contextlib.contextmanager
    def _signals_noted(self) -> Iterator[None]:
        def note(*_: object) -> None:
            self._signals += 1

        before = {number: signal.signal(number, note) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _open_log(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path
