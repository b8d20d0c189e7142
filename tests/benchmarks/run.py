"""One benchmark from the empty database to the figures."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.benchmarks.admin import measure_admin
from tests.benchmarks.agents.part import measure_agents
from tests.benchmarks.child_process import call_in_child
from tests.benchmarks.connections import measure_connections
from tests.benchmarks.context import Context, Dataset, Effort, Steps
from tests.benchmarks.database import FEW, SCRATCH, scratch_databases
from tests.benchmarks.dispatch import measure_dispatch
from tests.benchmarks.figures import Figure
from tests.benchmarks.listing import measure_list
from tests.benchmarks.live import measure_live
from tests.benchmarks.lookup import measure_lookup
from tests.benchmarks.objectives.part import measure_objectives
from tests.benchmarks.runs import measure_runs
from tests.benchmarks.seeding import seed
from tests.benchmarks.servers import site_of

MIGRATE_SECONDS = 300.0
_FILES = "files-"  # and the process's number
PARTS: Mapping[str, Callable[[Context], list[Figure]]] = {
    "lookup": measure_lookup,
    "dispatch": measure_dispatch,
    "live": measure_live,
    "connections": measure_connections,
    "list": measure_list,
    "admin": measure_admin,
    "objectives": measure_objectives,
    "runs": measure_runs,
    "agents": measure_agents,
}
NEED_FEW = {"lookup", "dispatch", "objectives", "runs"}  # parts that need the second, small database


def run_parts(
    parts: Sequence[str], *, server_url: str, folder: Path, effort: Effort, steps: Steps
) -> list[Figure]:
    """Measure the parts in turn; databases, processes and files are gone again when it returns or raises.

    `folder` takes logs, which stay. Raises NotMeasured, OSError and psycopg.Error.
    """
    with _context(parts, server_url, folder, effort=effort, steps=steps) as context:
        return [figure for part in PARTS if part in parts for figure in PARTS[part](context)]


@contextlib.contextmanager
def _context(
    parts: Sequence[str], server_url: str, folder: Path, *, effort: Effort, steps: Steps
) -> Iterator[Context]:
    names = [SCRATCH, FEW] if NEED_FEW & set(parts) else [SCRATCH]
    with scratch_databases(server_url, names) as urls, _files(folder) as files:
        rows = {SCRATCH: effort.rows, FEW: effort.few_rows}
        datasets = [_seeded(urls[name], files / name, folder, rows=rows[name], steps=steps) for name in names]
        yield Context(datasets[0], datasets[1] if len(datasets) > 1 else None, effort, steps)


def _seeded(url: str, files: Path, folder: Path, *, rows: int, steps: Steps) -> Dataset:
    files.mkdir()
    site = site_of(url, files, logs=folder / "logs")
    ids = call_in_child("tests.benchmarks.dataset.make_dataset", seconds=MIGRATE_SECONDS, env=site.env)
    with steps.counting(f"seeding {rows:,} executions", rows) as advance:
        seed(url, ids, rows=rows, newest=datetime.now(UTC), advance=advance)
    return Dataset(site, ids, rows)


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
