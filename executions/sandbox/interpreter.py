"""The read-only Python that scripts run on, wherever it lives on the host."""

import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from executions.sandbox import options
from executions.sandbox.errors import SandboxUnavailable

# Fixed paths inside the sandbox: the interpreter with its standard library, and the skills' environment.
BASE = Path("/opt/python")
ENVIRONMENT = Path("/opt/skills")
_SYSTEM = Path("/usr")


@dataclass(frozen=True)
class Interpreter:
    """A virtual environment taken apart into what has to be mounted.

    `base` is None where the interpreter belongs to the system, which is mounted anyway; `program` is its
    path inside the sandbox, `libraries` the folder to look for a shared libpython in, if it has one.
    """

    base: Path | None
    site_packages: Path
    program: Path
    version: str
    libraries: Path | None

    @property
    def configuration(self) -> str:
        """The pyvenv.cfg that makes ENVIRONMENT an environment of `program`."""
        return (
            f"home = {self.program.parent}\ninclude-system-site-packages = false\nversion = {self.version}\n"
        )

    @property
    def system_folders(self) -> tuple[Path, ...]:
        """Of an interpreter in e.g. /usr/local: what it consists of; /usr itself is shown anyway."""
        prefix = self.program.parents[1]
        return () if self.base or prefix == _SYSTEM else (prefix / "bin", prefix / "lib")

    @property
    def site_packages_inside(self) -> Path:
        return ENVIRONMENT / self.site_packages.relative_to(self.site_packages.parents[2])


@cache
def find_interpreter() -> Interpreter:
    """Read the environment that `SKILL_PYTHON` names. Raises SandboxUnavailable where there is none."""
    environment = options.skill_python()
    link = environment / "bin" / "python"
    site_packages = next(environment.glob("lib/python3*/site-packages"), None)
    if site_packages is None or not link.exists():
        raise SandboxUnavailable(
            f"The skills' Python environment {environment} does not exist. Make it with "
            f"`UV_PROJECT_ENVIRONMENT={environment} uv sync --frozen --only-group skills --compile-bytecode`"
            ", or set SKILL_PYTHON."
        )
    program = link.resolve()
    prefix = program.parents[1]
    version = site_packages.parent.name.removeprefix("python")
    if prefix.is_relative_to(_SYSTEM):
        return Interpreter(None, site_packages, program, version, None)
    shared = any((prefix / "lib").glob(f"libpython3*{sysconfig.get_config_var('SHLIB_SUFFIX') or '.so'}*"))
    inside = BASE / program.relative_to(prefix)
    return Interpreter(prefix, site_packages, inside, version, BASE / "lib" if shared else None)
