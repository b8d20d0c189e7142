"""A script in its sandbox, as the runner holds it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from executions.sandbox.channel import Channel
from executions.sandbox.command import build_command
from executions.sandbox.connections import Connections, Door
from executions.sandbox.errors import SandboxUnavailable
from executions.sandbox.filesystem import Shown
from executions.sandbox.limits import Limits
from executions.sandbox.output import Heard, Output
from executions.sandbox.supervisor import SandboxSupervisor
from executions.sandbox.watchdog import Watchdog
from executions.sandbox.workspace import SandboxWorkspace

# What `unshare` of util-linux 2.38 adds when its child was killed.
_SPARE_CONNECTIONS = 16  # beyond one for each process
_NOISE = "unshare: sigprocmask unblock failed: Invalid argument\n"


@dataclass(frozen=True)
class ProcessOutcome:
    """How it ended.

    `exit_status` is as in a shell, 128 + n for signal n; None when it was killed from outside, and then
    `killed_for` is the limit's code or the one given to `kill`. `sandbox_error` means that the script was
    never started or could not be watched: `stderr_tail` says why. Limits found passed only afterwards set
    `killed_for` as well. CPU is that of the whole tree, peak memory the highest seen.
    """

    exit_status: int | None
    killed_for: str | None
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    stderr_tail: str
    output_bytes: int


class RunningProcess:
    """A started sandbox; as a context manager it kills what is left on the way out."""

    def __init__(
        self, supervisor: SandboxSupervisor, output: Output, watchdog: Watchdog, limits: Limits
    ) -> None:
        self._supervisor = supervisor
        self._output = output
        self._watchdog = watchdog
        self._limits = limits
        self._outcome: ProcessOutcome | None = None

    @property
    def at_end(self) -> bool:
        """Whether the tree is dead and every line was read; closing stdout is not the end of a script."""
        return self._output.at_end

    def read_line(self, timeout: float) -> bytes | None:
        """The next line of stdout, newline included (the last may lack it); None if none came in time.

        For a script without a channel of its own.
        """
        heard = self._take(timeout, whole_lines=True)
        return heard.content if heard is not None else None

    def hear(self, timeout: float) -> Heard | None:
        """The next message, or the next piece of stdout: a line, or what there is of one after `timeout`."""
        return self._take(timeout, whole_lines=False)

    def answer(self, connection: int, line: bytes) -> None:
        """Queue a line for a connection of the channel, never waiting; a newline is added."""
        self._supervisor.streams.write(connection, line + b"\n")

    def kill(self, code: str) -> None:
        """Have the whole tree killed, without waiting. The first code stays; too late is fine."""
        self._supervisor.request_kill(code)

    def wait(self) -> ProcessOutcome:
        """Wait until every process is dead and all output taken; lines may still be read afterwards."""
        if self._outcome is None:
            self._supervisor.stop_pausing()
            self._supervisor.join()
            self._outcome = self._concluded()
        return self._outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._supervisor.is_alive():
            self.kill("abandoned")
        self.wait()

    def _take(self, timeout: float, *, whole_lines: bool) -> Heard | None:
        was_congested = self._output.is_congested
        heard = self._output.take(timeout, whole_lines=whole_lines)
        if was_congested and not self._output.is_congested:
            self._supervisor.streams.wake()
        return heard

    def _concluded(self) -> ProcessOutcome:
        ending = self._supervisor.ending
        if ending is None:
            raise RuntimeError("The sandbox's thread ended early.")
        exit_status = _exit_status(ending.report)
        return ProcessOutcome(
            exit_status=exit_status,
            killed_for=self._killed_for(exit_status, ending.cpu_seconds),
            cpu_seconds=ending.cpu_seconds,
            wall_seconds=ending.wall_seconds,
            peak_memory_bytes=self._watchdog.usage.peak_memory_bytes,
            stderr_tail=self._output.stderr_tail.removesuffix(_NOISE),
            output_bytes=self._output.total,
        )

    def _killed_for(self, exit_status: int | None, cpu_seconds: float) -> str | None:
        """What ended it, or would have if anybody had looked in time."""
        if exit_status is None:
            return self._supervisor.kill_code or "sandbox_error"
        if self._output.is_over:
            return "output_limit"
        if self._watchdog.overfull():
            return "workspace_limit"
        if exit_status and cpu_seconds > self._limits.cpu_seconds:
            return "cpu_limit"
        return None


def start(
    argv: Sequence[str],
    *,
    workspace: SandboxWorkspace,
    bundle: Path | None,
    limits: Limits,
    extra: Mapping[str, Path],
    start_message: bytes | None = None,
) -> RunningProcess:
    """Start `argv` without asking whether this machine can. Raises SandboxUnavailable."""
    output = Output(limits.output_bytes)
    with ExitStack() as stack:
        channel = connections = None
        if start_message is not None:
            connections = stack.enter_context(
                closing(Connections(_door(workspace), output, limits.processes + _SPARE_CONNECTIONS))
            )
            channel = Channel(start_message, connections.path)
        shown = Shown(workspace.path, bundle, extra, channel)
        command = build_command(argv, shown, limits, workspace.identity)
        watchdog = Watchdog(limits, workspace.descriptor)
        supervisor = SandboxSupervisor(
            command, output, watchdog, connections=connections, wall_seconds=limits.wall_seconds
        )
        stack.pop_all()  # the supervisor's thread closes it
    supervisor.start()
    supervisor.started.wait()
    if supervisor.failure is not None:
        raise SandboxUnavailable(f"The sandbox could not be started: {supervisor.failure}.")
    return RunningProcess(supervisor, output, watchdog, limits)


def _door(workspace: SandboxWorkspace) -> Door:
    """Beside the workspace, where it goes with it; not every file system there knows sockets."""
    try:
        return Door(workspace.path.parent)
    except OSError:
        try:
            return Door(Path(tempfile.gettempdir()))
        except OSError as error:
            raise SandboxUnavailable(f"The script's channel could not be made: {error}.") from error


def _exit_status(report: bytes) -> int | None:
    for line in report.splitlines():
        with suppress(ValueError):
            told = json.loads(line)
            if "exit-code" in told:
                return int(told["exit-code"])
    return None
