"""The thread that starts one sandbox, watches it, and sees it dead."""

import logging
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from executions.sandbox.command import Command
from executions.sandbox.connections import Connections
from executions.sandbox.output import Output
from executions.sandbox.streams import Streams
from executions.sandbox.tree import Tree, child_of
from executions.sandbox.watchdog import INTERVAL, Watchdog

logger = logging.getLogger(__name__)

_STARTING_INTERVAL = 0.005  # seconds between looks until the sandbox has its own root
_KILL_INTERVAL = 0.01
_PATIENCE = 2.0  # seconds a killed sandbox may take before its outermost process is killed as well
_BARE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_FIRST_VICTIM = "1000"  # for the kernel, when the machine runs out of memory


@dataclass(frozen=True)
class ProcessEnding:
    """`report` is what bubblewrap wrote about the script: JSON lines, the last with its `exit-code`."""

    cpu_seconds: float
    wall_seconds: float
    report: bytes


class SandboxSupervisor(threading.Thread):
    """Everything about one sandbox happens in this thread; others only leave it notes.

    Decision: the kernel's parent-death signal follows the *thread* that started a process. This one lives as
    long as the sandbox, so a pool may end the thread that asked for it.
    """

    def __init__(
        self,
        command: Command,
        output: Output,
        watchdog: Watchdog,
        *,
        connections: Connections | None,
        wall_seconds: float,
    ) -> None:
        super().__init__(name="sandbox", daemon=True)
        self.kill_code: str | None = None
        self.failure: OSError | None = None
        self.ending: ProcessEnding | None = None
        self.started = threading.Event()
        self.streams = Streams(output, connections)
        self._command = command
        self._output = output
        self._watchdog = watchdog
        self._wall_seconds = wall_seconds
        self._began = self._next_look = time.monotonic()
        self._killed_at: float | None = None
        self._is_unread = False
        self._tree: Tree | None = None

    def request_kill(self, code: str) -> None:
        """Ask for the end of the whole tree; the first code stays. From any thread."""
        if self.kill_code is None:
            self.kill_code = code
        self.streams.wake()

    def stop_pausing(self) -> None:
        """Nobody will read any more: take all output, up to its limit, so that the script can end."""
        self._is_unread = True
        self.streams.wake()

    def run(self) -> None:
        try:
            with self._command.resources:
                process = self._start()
        except OSError as failure:
            self.failure = failure
            self._close()
            return
        finally:
            self.started.set()
        self._watch(process)
        self._close()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self._command.argv,
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_BARE,
            cwd="/",
            pass_fds=self._command.descriptors,
            start_new_session=True,
        )
        self.streams.attach(process, self._command.report)
        with suppress(OSError):
            Path(f"/proc/{process.pid}/oom_score_adj").write_text(_FIRST_VICTIM, encoding="ascii")
        return process

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        # The outermost process ends last: after it none of the tree is left. Its child holds the pipe of the
        # report, which a script cannot close, so there is always something to wait for.
        while not self.streams.are_drained:
            may_pause = self.kill_code is None and not self._is_unread
            self.streams.pump(self._next_look - time.monotonic(), may_pause=may_pause)
            if self._output.is_over:
                self.request_kill("output_limit")
            if self.kill_code is not None:
                self._kill(process.pid)
            elif time.monotonic() >= self._next_look:
                self._look(process.pid)
        self.streams.finish()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu_seconds = max(self._watchdog.usage.cpu_seconds, usage.ru_utime + usage.ru_stime)
        self.ending = ProcessEnding(cpu_seconds, time.monotonic() - self._began, bytes(self.streams.report))

    def _look(self, outermost: int) -> None:
        interval = _STARTING_INTERVAL
        try:
            if self._tree is None:
                self._tree = self._attached(outermost)
            if self._tree is not None:
                interval = INTERVAL
                code = self._watchdog.exceeded(self._tree)
                if code is not None:
                    self.request_kill(code)
        except Exception:
            logger.exception("A sandbox that cannot be watched is killed")
            self.request_kill("sandbox_error")
        if time.monotonic() - self._began > self._wall_seconds:
            self.request_kill("timeout")
        self._next_look = time.monotonic() + interval

    def _attached(self, outermost: int) -> Tree | None:
        """The tree, once the sandbox has its own root: the inner namespace's first process is in it."""
        first = child_of(outermost)
        inner = child_of(first) if first is not None else None
        if inner is None:
            return None
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError, NotADirectoryError):
            return Tree(inner, self._watchdog.workspace_device)
        return None

    def _kill(self, outermost: int) -> None:
        """Kill the outer namespace's first process: the kernel ends all others before it lets that one go."""
        now = time.monotonic()
        if self._killed_at is None:
            self._killed_at = now
        first = child_of(outermost)
        if first is not None:
            _kill_child(first, outermost)
        if now - self._killed_at > _PATIENCE:
            os.kill(outermost, signal.SIGKILL)
        self._next_look = now + _KILL_INTERVAL

    def _close(self) -> None:
        if self._tree is not None:
            self._tree.close()
        self.streams.close()
        self._output.close()


def _kill_child(process_id: int, parent: int) -> None:
    """By descriptor, so that the id cannot have become another process's meanwhile."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process_id)
        try:
            if child_of(parent) == process_id:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
