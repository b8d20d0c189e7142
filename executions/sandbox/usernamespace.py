"""The user namespace in which a worker running as root builds its sandboxes.

Decision: as root, bubblewrap sets the mounts up as this namespace's root, because the project, the Python
and the workspaces may lie below folders that only root may enter. Namespaces and mounts made in here reach
nothing of the host. Every id is mapped to itself, so the script's user is a real other user, which `setpriv`
becomes before the script starts; one id mapped to root (`bwrap --uid`) would be root to the host.
"""

import os
import subprocess
import threading
import time
from pathlib import Path

from executions.sandbox.errors import SandboxUnavailable
from executions.sandbox.programs import util_linux

_lock = threading.Lock()
_opened: dict[int, int] = {}  # process id → descriptor of its namespace; a forked worker makes its own
_CLOSE = "echo 0 > /proc/sys/user/max_user_namespaces"
_REFUSED = (
    "The kernel refuses user namespaces to root here ({reason}). In a container, allow them with "
    "`--security-opt seccomp=unconfined --cap-add SYS_ADMIN --cap-add SETFCAP`; else set "
    "user.max_user_namespaces above 0."
)


def namespace_path() -> str:
    """Path of the namespace for `nsenter --user=`, made on first use. Raises SandboxUnavailable."""
    with _lock:
        if os.getpid() not in _opened:
            _opened[os.getpid()] = _make()
        return f"/proc/{os.getpid()}/fd/{_opened[os.getpid()]}"


def _make() -> int:
    """A descriptor keeps the namespace; the process that made it goes away again."""
    maker = subprocess.Popen(
        [util_linux("unshare"), "--user", "--", "cat"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with maker:
        try:
            return _prepare(maker)
        except OSError as refused:
            maker.kill()
            said = (maker.stderr.read() if maker.stderr else b"").decode(errors="replace").strip()
            raise SandboxUnavailable(_REFUSED.format(reason=said or refused)) from refused
        finally:
            maker.kill()


def _prepare(maker: subprocess.Popen[bytes]) -> int:
    namespace = f"/proc/{maker.pid}/ns/user"
    own = Path("/proc/self/ns/user").readlink()
    deadline = time.monotonic() + 5
    while Path(namespace).readlink() == own:
        if maker.poll() is not None or time.monotonic() > deadline:
            raise OSError("no namespace was made")
        time.sleep(0.001)
    for kind in ("uid", "gid"):
        Path(f"/proc/{maker.pid}/{kind}_map").write_text(_identity_map(kind), encoding="ascii")
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    # From inside, and for good: no script may make a namespace below this one.
    closing = [util_linux("nsenter"), f"--user={namespace}", "--", "/bin/sh", "-c", _CLOSE]
    closed = subprocess.run(closing, capture_output=True, check=False, timeout=10)
    if closed.returncode:
        os.close(descriptor)
        raise OSError(closed.stderr.decode(errors="replace").strip())
    return descriptor


def _identity_map(kind: str) -> str:
    lines = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").splitlines()
    ranges = [(line.split()[0], line.split()[2]) for line in lines]
    return "".join(f"{first} {first} {count}\n" for first, count in ranges)
