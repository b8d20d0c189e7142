"""Sets the project up on a machine that has only Python and its venv module.

Standard library only, in the syntax of Python 3.6: whatever `python3` is, it can at least read
this file and be told what is missing. `demo`, `test`, `lint` and `bench` install what they need into `.venv`
and `.callboard/`; every other command runs in the Python it was started with, or in `.venv`.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from config.installers import Installer, fail, output_of, run, say

try:
    import fcntl
except ImportError:
    sys.exit("callboard: it runs on Linux and macOS; on Windows start it inside WSL.")

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
LOCAL = ROOT / ".callboard"
SKILL_VENV = LOCAL / "skill-python"
PRIVATE_UV = LOCAL / "uv"
# By command: the mode that it runs in.
LOCAL_MODES = {"demo": "demo", "test": "test", "lint": "test", "bench": "demo"}
DEVELOPING = ("test", "lint")  # need the development tools
STARTERS = ("test", "lint", "bench")  # start programs that set Django up themselves
OLDEST_STARTER = (3, 9)  # what may start the bootstrap
RUNNABLE = ((3, 12), (3, 15))  # what runs the project: from the first, below the second
OLDEST_UV = (0, 8)  # reads the lock file's format
# Half of what the skills' packages bring are their own tests, which nobody imports. Its processes put the
# bytecode beside the source: there the sandbox reads it.
COMPILE = (
    "import compileall, os, re, sys; os.environ.pop('PYTHONPYCACHEPREFIX', ''); "
    "compileall.compile_dir(sys.argv[1], quiet=2, workers=0, rx=re.compile('/tests/'))"
)
NEEDED = ("django", "channels", "procrastinate")  # their presence tells an installed environment


class VirtualEnvironment(NamedTuple):
    """One virtual environment: where, what it is for, and how `uv` is asked for it."""

    folder: Path
    purpose: str
    selection: Tuple[str, ...]
    contents: str  # goes into the stamp; "all" also serves who asks for less
    finish: Tuple[str, ...] = ()  # a command that is run inside once the packages are there


def hand_over(arguments: List[str]) -> None:
    """Return in a Python that can run the command, or replace this process by one that can.

    Exits with a sentence for the person at the terminal where neither is possible.
    """
    if sys.version_info[:2] < OLDEST_STARTER:
        fail("Python 3.9 or newer is needed to start; this is {}.{}.".format(*sys.version_info[:2]))
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command in LOCAL_MODES:
        os.environ["CALLBOARD_LOCAL"] = LOCAL_MODES[command]
    inside = is_inside(VENV)
    if command in LOCAL_MODES:
        install(
            ([] if inside else [project_environment(command)])
            + ([] if command == "lint" else [skill_environment()])
        )
        keep_bytecode()
    if inside or (command not in LOCAL_MODES and can_run_here()):
        return
    if not VENV_PYTHON.exists():
        fail(
            "the project's packages are not installed in this Python, and there is no .venv here: "
            "run `uv sync --frozen --no-dev`, or `python3 manage.py demo` to have everything set up."
        )
    os.execv(str(VENV_PYTHON), [str(VENV_PYTHON), str(ROOT / "manage.py"), *arguments])


def keep_bytecode() -> None:
    """Where the environment wants no bytecode beside the source, keep it in a folder of our own.

    Images of containers often say so, and each process would compile for some four seconds. Called behind
    the installers: what they compile for the sandbox belongs beside its source.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(LOCAL / "bytecode"))


def is_inside(folder: Path) -> bool:
    """Whether this very Python belongs to the virtual environment in `folder`."""
    return Path(sys.prefix).resolve() == folder.resolve()


def can_run_here() -> bool:
    """Whether this Python is of a fit version and has the packages (a container, one's own venv)."""
    fit = RUNNABLE[0] <= sys.version_info[:2] < RUNNABLE[1]
    return fit and all(importlib.util.find_spec(name) for name in NEEDED)


def project_environment(command: str) -> VirtualEnvironment:
    """What `command` needs to run: with the development tools for some, without for others."""
    # Never removes what is there: a demo beside a checkout that is being worked on leaves its tools alone.
    if command in DEVELOPING:
        return VirtualEnvironment(
            VENV, "the project's packages and its development tools", ("--inexact",), "all"
        )
    return VirtualEnvironment(VENV, "the project's packages", ("--inexact", "--no-dev"), "run")


def skill_environment() -> VirtualEnvironment:
    """The Python that skills see inside the sandbox: nothing of the project's own is in it."""
    # Compiled now: in the sandbox it is read-only, and every run would compile its imports again.
    finish = ("python", "-c", COMPILE, str(SKILL_VENV / "lib"))
    return VirtualEnvironment(SKILL_VENV, "the skills' packages", ("--only-group", "skills"), "all", finish)


def install(environments: List[VirtualEnvironment]) -> None:
    """Bring each environment in step with the lock file; costs a millisecond when all of them are."""
    if all(is_in_step(environment) for environment in environments):
        return
    with _locked():
        uv = find_uv() or install_uv()
        # Somebody else may have done it while we waited for the lock.
        _sync(uv, *[environment for environment in environments if not is_in_step(environment)])


def lock_digest() -> str:
    """Changes whenever what belongs into the environments may have changed."""
    digest = hashlib.sha256()
    for name in ("uv.lock", ".python-version"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_in_step(environment: VirtualEnvironment) -> bool:
    """Whether the environment was completed from this very lock file and holds at least what is asked."""
    try:
        digest, contents = _stamp(environment).read_text().split()
    except (OSError, ValueError):
        return False
    usable = (environment.folder / "bin" / "python").exists()
    return usable and digest == lock_digest() and contents in (environment.contents, "all")


def find_uv() -> Optional[str]:
    """A `uv` that runs and is new enough: from PATH, else the one installed here earlier."""
    for candidate in (shutil.which("uv"), str(PRIVATE_UV / "bin" / "uv")):
        if candidate and _is_fit_uv(candidate):
            return candidate
    return None


def install_uv() -> str:
    """Install uv into a folder of its own below `.callboard/`; returns its path."""
    partial = PRIVATE_UV.with_suffix(".new")
    shutil.rmtree(str(partial), ignore_errors=True)
    pip = _pip(partial)
    least = "uv>={}.{}".format(*OLDEST_UV)
    run(Installer("uv, the installer", [*pip, "--disable-pip-version-check", least], {"PIP_USER": "0"}))
    shutil.rmtree(str(PRIVATE_UV), ignore_errors=True)
    partial.rename(PRIVATE_UV)
    return str(PRIVATE_UV / "bin" / "uv")


def _pip(folder: Path) -> List[str]:
    """The head of a command that installs into `folder`: by this Python's pip, else by one made there."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--no-input", "--target", str(folder)]
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        fail(
            "this Python has no venv module: install it (on Debian and Ubuntu the package "
            "python3-venv), or install uv, then run this again."
        )
    run(Installer("a folder for uv", [sys.executable, "-m", "venv", str(folder)], {}))
    return [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input"]


def uv_variables(folder: Path, home: str, variables: Dict[str, str]) -> Dict[str, str]:
    """What to set for uv: the environment to fill, and folders of ours where the home is of no use.

    A Python that uv downloads into root's closed home could not be entered by the sandbox's account.
    """
    chosen = {"UV_PROJECT_ENVIRONMENT": str(folder)}
    usable = bool(home) and _is_writable(Path(home))
    if not usable and "UV_CACHE_DIR" not in variables:
        chosen["UV_CACHE_DIR"] = str(LOCAL / "uv-cache")
    if (not usable or os.geteuid() == 0) and "UV_PYTHON_INSTALL_DIR" not in variables:
        chosen["UV_PYTHON_INSTALL_DIR"] = str(LOCAL / "uv-python")
    return chosen


def _sync(uv: str, *environments: VirtualEnvironment) -> None:
    """Fill the environments, all at once: one waits for the network while another compiles."""
    installers = []
    for environment in environments:
        with contextlib.suppress(FileNotFoundError):
            _stamp(environment).unlink()
        variables = uv_variables(environment.folder, os.environ.get("HOME", ""), dict(os.environ))
        verb = ["run", "--exact"] if environment.finish else ["sync"]
        arguments = [uv, *verb, "--frozen", "--project", str(ROOT), *environment.selection]
        arguments += [*_python_choice(uv, variables), *environment.finish]
        installers.append(Installer(environment.purpose, arguments, variables))
    run(*installers)
    for environment in environments:
        _stamp(environment).write_text("{} {}\n".format(lock_digest(), environment.contents))


def _python_choice(uv: str, variables: Dict[str, str]) -> List[str]:
    """Arguments that name a fit Python of this machine where the pinned one is not to be had.

    Empty: the pinned version is here, or nothing fit is and uv has to download it.
    """
    find = [uv, "python", "find", "--system", "--no-project", "--no-python-downloads"]
    environment = dict(os.environ, **variables)
    if output_of([*find, (ROOT / ".python-version").read_text().strip()], environment):
        return []
    if RUNNABLE[0] <= sys.version_info[:2] < RUNNABLE[1]:
        return ["--python", sys.executable]
    found = output_of([*find, ">={}.{},<{}.{}".format(*(RUNNABLE[0] + RUNNABLE[1]))], environment)
    if found:
        return ["--python", found]
    say("there is no Python 3.12, 3.13 or 3.14 on this machine: uv downloads one, or install one yourself …")
    return []


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """One installation at a time; the kernel frees the lock of whoever dies."""
    try:
        LOCAL.mkdir(exist_ok=True)
        lock = (LOCAL / "bootstrap.lock").open("a")
    except OSError as refused:
        fail("{} must be writable for this user ({}).".format(ROOT, refused.strerror))
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp(environment: VirtualEnvironment) -> Path:
    return environment.folder / "callboard-installed"


def _is_fit_uv(path: str) -> bool:
    words = output_of([path, "--version"], dict(os.environ)).split()
    try:
        return tuple(int(part) for part in words[1].split(".")[:2]) >= OLDEST_UV
    except (IndexError, ValueError):
        return False


def _is_writable(path: Path) -> bool:
    existing = next(step for step in [path, *path.parents] if step.exists())
    return os.access(str(existing), os.W_OK | os.X_OK)
