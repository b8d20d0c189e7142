"""One benchmark from the empty database to the figures."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from config.bench.admin import measure_admin
from config.bench.apart import call_apart
from config.bench.connections import measure_connections
from config.bench.database import FEW, SCRATCH, scratch_databases
from config.bench.dispatch import measure_dispatch
from config.bench.figures import Figure
from config.bench.listing import measure_list
from config.bench.live import measure_live
from config.bench.lookup import measure_lookup
from config.bench.objectives.part import measure_objectives
from config.bench.seeding import seed
from config.bench.servers import site_of
from config.bench.stage import Effort, Stage, Steps, World

MIGRATE_SECONDS = 300.0
_FILES = "files-"  # and the process's number
PARTS: Mapping[str, Callable[[Stage], list[Figure]]] = {
    "lookup": measure_lookup,
    "dispatch": measure_dispatch,
    "live": measure_live,
    "connections": measure_connections,
    "list": measure_list,
    "admin": measure_admin,
    "objectives": measure_objectives,
}
NEED_FEW = {"lookup", "dispatch", "objectives"}  # parts that need the second, small database


def run_parts(
    parts: Sequence[str], *, server_url: str, folder: Path, effort: Effort, steps: Steps
) -> list[Figure]:
    """Measure the parts in turn; databases, processes and files are gone again when it returns or raises.

    `folder` takes logs, which stay. Raises NotMeasured, OSError and psycopg.Error.
    """
    with _stage(parts, server_url, folder, effort=effort, steps=steps) as stage:
        return [figure for part in PARTS if part in parts for figure in PARTS[part](stage)]


@contextlib.contextmanager
def _stage(
    parts: Sequence[str], server_url: str, folder: Path, *, effort: Effort, steps: Steps
) -> Iterator[Stage]:
    names = [SCRATCH, FEW] if NEED_FEW & set(parts) else [SCRATCH]
    with scratch_databases(server_url, names) as urls, _files(folder) as files:
        rows = {SCRATCH: effort.rows, FEW: effort.few_rows}
        worlds = [_seeded(urls[name], files / name, folder, rows=rows[name], steps=steps) for name in names]
        yield Stage(worlds[0], worlds[1] if len(worlds) > 1 else None, effort, steps)


def _seeded(url: str, files: Path, folder: Path, *, rows: int, steps: Steps) -> World:
    files.mkdir()
    site = site_of(url, files, logs=folder / "logs")
    ids = call_apart("config.bench.world.make_world", seconds=MIGRATE_SECONDS, env=site.env)
    with steps.counting(f"seeding {rows:,} executions", rows) as advance:
        seed(url, ids, rows=rows, newest=datetime.now(UTC), advance=advance)
    return World(site, ids, rows)


@contextlib.contextmanager
def _files(folder: Path) -> Iterator[Path]:
    """A folder for blobs and runs that skills' own accounts may pass through; removed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_FILES}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(_FILES))):
            shutil.rmtree(left, ignore_errors=True)  # of a benchmark that was killed
    files = folder / f"{_FILES}{os.getpid()}"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    files.chmod(0o711)
    try:
        yield files
    finally:
        shutil.rmtree(files, ignore_errors=True)
