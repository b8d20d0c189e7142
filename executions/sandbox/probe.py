"""Find out, by trying, whether this machine can isolate scripts."""

import platform
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from executions.sandbox.errors import SandboxUnavailable
from executions.sandbox.limits import MIB, Limits
from executions.sandbox.process import ProcessOutcome, RunningProcess, start
from executions.sandbox.workspace import SandboxWorkspace

ENGINE = "subprocess-v1"
_TRIAL = ["python", "-c", "import encodings"]
_TRIAL_LIMITS = Limits(wall_seconds=20, cpu_seconds=20, workspace_bytes=MIB)
_PROC_SYS = Path("/proc/sys")
# Setting → (value that closes user namespaces, what to do).
_SETTINGS = {
    "user/max_user_namespaces": ("0", "set user.max_user_namespaces to 15000 or so"),
    "kernel/unprivileged_userns_clone": ("0", "set kernel.unprivileged_userns_clone to 1"),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "set kernel.apparmor_restrict_unprivileged_userns to 0, or give bwrap a profile with `userns`",
    ),
}
_CONTAINER = (
    "in a container, allow user namespaces and a new /proc with "
    "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined`"
)
_lock = threading.Lock()


@dataclass(frozen=True)
class Probe:
    """`reason` says what to open where `available` is false, and what is weaker here where it is true."""

    available: bool
    reason: str
    engine: str = ENGINE


def probe() -> Probe:
    """Whether scripts can be isolated here. Tried once per process, with a real sandbox."""
    with _lock:
        return _probed()


def launch(
    argv: Sequence[str],
    *,
    workspace: SandboxWorkspace,
    bundle: Path | None,
    limits: Limits,
    extra_read_only: Mapping[str, Path] | None = None,
    start_message: bytes | None = None,
) -> RunningProcess:
    """Start `argv` in a sandbox: /workspace to write, `bundle` as /skill and `extra_read_only` to read.

    The keys of `extra_read_only` are absolute paths inside. With a `start_message` the script has a channel
    of its own: it reads that in /run/callboard/start.json, and says its lines to /run/callboard/socket.
    Raises SandboxUnavailable; nothing is ever run without its sandbox.
    """
    found = probe()
    if not found.available:
        raise SandboxUnavailable(found.reason)
    return start(
        argv,
        workspace=workspace,
        bundle=bundle,
        limits=limits,
        extra=extra_read_only or {},
        start_message=start_message,
    )


@cache
def _probed() -> Probe:
    if platform.system() != "Linux":
        return Probe(available=False, reason="Skills run on Linux only: they are isolated by its namespaces.")
    try:
        outcome, own_user = _tried()
    except (SandboxUnavailable, OSError) as unavailable:
        return Probe(available=False, reason=str(unavailable))
    if outcome.exit_status != 0 or outcome.killed_for:
        return Probe(available=False, reason=_why(outcome))
    weaker = "" if own_user else "Scripts run as the worker's own user, apart only by their user namespace."
    return Probe(available=True, reason=weaker)


def _tried() -> tuple[ProcessOutcome, bool]:
    with tempfile.TemporaryDirectory(prefix="callboard-probe-") as folder:
        workspace = SandboxWorkspace.create(Path(folder))
        try:
            with start(_TRIAL, workspace=workspace, bundle=None, limits=_TRIAL_LIMITS, extra={}) as running:
                return running.wait(), workspace.identity.is_own
        finally:
            workspace.remove()


def _why(outcome: ProcessOutcome) -> str:
    told = outcome.stderr_tail.strip().splitlines()
    said = told[-1] if told else f"exit status {outcome.exit_status}, {outcome.killed_for}"
    advice = [advice for name, (closed, advice) in _SETTINGS.items() if _setting(name) == closed]
    return f"Scripts cannot be isolated on this machine ({said}): {'; '.join(advice) or _CONTAINER}."


def _setting(name: str) -> str | None:
    try:
        return (_PROC_SYS / name).read_text(encoding="ascii").strip()
    except OSError:
        return None
