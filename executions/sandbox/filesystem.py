"""What of the host is shown inside, what is private, and what is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from executions.sandbox.channel import FOLDER, Channel
from executions.sandbox.fonts import lay_out_fonts
from executions.sandbox.identity import SandboxUser
from executions.sandbox.interpreter import BASE, ENVIRONMENT, Interpreter
from executions.sandbox.layout import SandboxLayout
from executions.sandbox.limits import MIB, Limits

MARKER = "/.sandbox"  # exists once the sandbox has its own root
HOME = "/tmp/home"  # noqa: S108  # inside the sandbox, where /tmp is private; keeps dot-files out of the workspace
STARTUP = "/opt/startup"  # what every Python inside loads
PYTHONPATH = f"/callboard:{STARTUP}"
_STARTUP_SOURCE = Path(__file__).parent / "startup"
_SCRATCH_SHARE = 4  # /tmp and /dev/shm may each take a quarter of the memory

# Folders of the system, not the system: a project or its secrets may live beside them.
_SYSTEM = (
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/fonts",
    "/usr/share/fontconfig",
    "/usr/share/mime",
    "/usr/share/zoneinfo",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
)
_SYSTEM_LINKS = ("/bin", "/lib", "/lib64")


@dataclass(frozen=True)
class Shown:
    """Of the host: the workspace to write in, the bundle and `extra` (path inside → path outside) to read.

    `channel` is None for a program that nobody talks with.
    """

    workspace: Path
    bundle: Path | None
    extra: Mapping[str, Path]
    channel: Channel | None = None


def lay_out(
    layout: SandboxLayout, shown: Shown, *, interpreter: Interpreter, limits: Limits, user: SandboxUser
) -> None:
    """Fill `layout`; all of it is read-only but the workspace, /tmp and /dev/shm."""
    _system(layout, user)
    _python(layout, interpreter)
    _private(layout, limits)
    layout.writable(shown.workspace, "/workspace")
    if shown.bundle is not None:
        layout.read_only(shown.bundle, "/skill")
    for inside, host in shown.extra.items():
        layout.read_only(host, inside)
    if shown.channel is not None:
        layout.file(f"{FOLDER}/start.json", shown.channel.start)
        layout.read_only(shown.channel.socket, f"{FOLDER}/socket")
    layout.folder(MARKER)
    layout.options += ["--remount-ro", "/dev", "--remount-ro", "/"]


def _system(layout: SandboxLayout, user: SandboxUser) -> None:
    for path in _SYSTEM:
        layout.read_only(path, optional=True)
    for link in map(Path, _SYSTEM_LINKS):
        if link.is_symlink():
            layout.link(link.readlink(), link)
        else:
            layout.read_only(link, optional=True)
    layout.file("/etc/passwd", f"skill:x:{user.uid}:{user.gid}::{HOME}:/bin/sh\n")
    layout.file("/etc/group", f"skill:x:{user.gid}:\n")
    layout.file("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")


def _python(layout: SandboxLayout, interpreter: Interpreter) -> None:
    """The skills' environment at fixed paths, put together anew from what it consists of."""
    if interpreter.base is not None:
        layout.read_only(interpreter.base, BASE)
    for folder in interpreter.system_folders:
        layout.read_only(folder, optional=True)
    layout.read_only(interpreter.site_packages, interpreter.site_packages_inside)
    layout.file(ENVIRONMENT / "pyvenv.cfg", interpreter.configuration)
    layout.read_only(_STARTUP_SOURCE, STARTUP)
    lay_out_fonts(layout, interpreter.site_packages)
    for name in ("python", "python3"):
        layout.link(interpreter.program, ENVIRONMENT / "bin" / name)


def _private(layout: SandboxLayout, limits: Limits) -> None:
    size = max(limits.memory_bytes // _SCRATCH_SHARE, MIB)
    layout.options += ["--proc", "/proc", "--dev", "/dev"]
    layout.memory("/tmp", size)  # noqa: S108  # inside the sandbox, where it is private
    layout.memory("/dev/shm", size)  # noqa: S108  # the same
    layout.folder(HOME, "0777")
