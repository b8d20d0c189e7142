"""The command line that puts a script into its sandbox."""

import math
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

from executions.sandbox import fonts, programs, seccomp
from executions.sandbox.filesystem import HOME, PYTHONPATH, Shown, lay_out
from executions.sandbox.identity import SandboxUser
from executions.sandbox.interpreter import ENVIRONMENT, Interpreter, find_interpreter
from executions.sandbox.layout import BoundFiles, SandboxLayout
from executions.sandbox.limits import MIB, Limits
from executions.sandbox.usernamespace import namespace_path

_TASK_HEADROOM = 32  # between the limit and the kernel's refusal, so that a fork bomb is seen and named
_FILE_HEADROOM = MIB  # the same for the size of one file
_OPEN_FILES = 256
_ADDRESS_SPACE = 16 * 1024 * MIB
_NAMESPACES = ("ipc", "pid", "net", "uts", "cgroup")
_SINGLE_THREADED = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Command:
    """`argv`, the descriptors it must inherit, and the end of the pipe to read bubblewrap's report from.

    `resources` closes the descriptors, once they are inherited.
    """

    argv: list[str]
    descriptors: tuple[int, ...]
    report: IO[bytes]
    resources: ExitStack


def build_command(argv: Sequence[str], shown: Shown, limits: Limits, identity: SandboxUser) -> Command:
    """`argv` wrapped in its sandbox. Raises SandboxUnavailable where a part of it is missing.

    The outermost process only waits for the first process of an outer pid namespace, which a script can
    neither see nor signal: when the worker dies, or that process is killed, the kernel ends all below it.
    """
    interpreter = find_interpreter()
    with ExitStack() as stack:
        attachments = BoundFiles(stack)
        layout = SandboxLayout(attachments)
        lay_out(layout, shown, interpreter=interpreter, limits=limits, user=identity)
        readable, writable = os.pipe2(os.O_CLOEXEC)
        stack.callback(os.close, writable)
        report = os.fdopen(readable, "rb", buffering=0)
        options = [*_isolation(identity), "--json-status-fd", str(writable)]
        options += ["--seccomp", attachments.add("seccomp", seccomp.program())]
        options += [*layout.options, *_environment(interpreter), "--chdir", "/workspace"]
        # By descriptor, because the arguments of process 1 can be read inside the sandbox.
        arguments = attachments.add("arguments", "\0".join([*options, ""]).encode())
        inner = [*_become(identity), *_rlimits(limits), *argv]
        outer = [*_enter(identity), programs.bwrap(), "--args", arguments, "--", *inner]
        return Command(outer, (*attachments.descriptors, writable), report, stack.pop_all())


def _enter(identity: SandboxUser) -> list[str]:
    """As far as the outer pid namespace."""
    bound = [programs.util_linux("setpriv"), "--pdeathsig", "KILL", "--"]
    unshare = [programs.util_linux("unshare"), "--pid", "--fork", "--kill-child"]
    if identity.is_own:
        return [programs.util_linux("nsenter"), f"--user={namespace_path()}", "--", *bound, *unshare, "--"]
    return [*bound, *unshare, "--user", "--map-current-user", "--"]


def _isolation(identity: SandboxUser) -> list[str]:
    options = [f"--unshare-{kind}" for kind in _NAMESPACES]
    options += [
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--hostname",
        "sandbox",
        "--cap-drop",
        "ALL",
    ]
    if not identity.is_own:
        return [*options, "--unshare-user", "--disable-userns"]
    # Enough to enter the workspace, and for `setpriv` to become its user, after which nothing is left.
    kept = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_DAC_READ_SEARCH")
    return [*options, "--assert-userns-disabled", *(word for one in kept for word in ("--cap-add", one))]


def _environment(interpreter: Interpreter) -> list[str]:
    variables = {
        "PATH": f"{ENVIRONMENT}/bin:/usr/bin:/bin",
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": PYTHONPATH,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "MATPLOTLIBRC": fonts.SETTINGS,
        **dict.fromkeys(_SINGLE_THREADED, "1"),
    }
    if interpreter.libraries is not None:
        variables["LD_LIBRARY_PATH"] = str(interpreter.libraries)
    return [word for name, value in variables.items() for word in ("--setenv", name, value)]


def _become(identity: SandboxUser) -> list[str]:
    """The workspace's user, with no way back; as an ordinary user bubblewrap has dropped everything."""
    if not identity.is_own:
        return []
    user = ["--reuid", str(identity.uid), "--regid", str(identity.gid), "--clear-groups"]
    return ["/usr/bin/setpriv", *user, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]


def _rlimits(limits: Limits) -> list[str]:
    """Per process and file: the kernel's part of the limits, a little above what the watchdog enforces."""
    cpu = math.ceil(limits.cpu_seconds) + 1
    return [
        "/usr/bin/prlimit",
        "--core=0",
        f"--cpu={cpu}:{cpu + 1}",
        f"--fsize={limits.workspace_bytes + _FILE_HEADROOM}",
        f"--nofile={_OPEN_FILES}",
        f"--nproc={limits.processes + _TASK_HEADROOM}",
        f"--as={max(_ADDRESS_SPACE, 4 * limits.memory_bytes)}",
        "--msgqueue=0",
        "--",
    ]
