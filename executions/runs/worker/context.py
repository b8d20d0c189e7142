"""What a worker process lends to every attempt: its id, its folder, its lease keeper, its threads."""

import fcntl
import logging
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from executions.runs.group_writer import GroupWriter
from executions.runs.worker.heartbeat import LeaseKeeper
from executions.runs.worker.steps import Steps
from executions.sandbox.removal import remove_tree

logger = logging.getLogger(__name__)

_LOCK = "in-use"
_MARK = "worker-"


@dataclass(frozen=True)
class Bench:
    """`owner` is who holds the leases; the runs' folders are made in `folder`.

    `steps` are the threads of what waits in the event loop, `texts` writes what it says.
    """

    owner: uuid.UUID
    folder: Path
    keeper: LeaseKeeper
    steps: Steps
    texts: GroupWriter


class RunFolder:
    """A worker process's own folder below RUN_DIR, locked for as long as the process lives.

    The lock is the kernel's: it ends with the process however that ends, and no process number that came
    round again is taken for a living worker. Raises OSError where the folder cannot be made.
    """

    def __init__(self, run_dir: Path, owner: uuid.UUID) -> None:
        run_dir.mkdir(parents=True, exist_ok=True)
        self.path = run_dir / f"{_MARK}{owner.hex}"
        unlocked = run_dir / f"new-{owner.hex}"
        unlocked.mkdir()
        self._lock = _locked(unlocked)
        # It gets its name only now that it is locked: before, it would look left behind.
        unlocked.rename(self.path)

    def remove(self) -> None:
        """Delete the folder at the worker's end."""
        remove_tree(self.path)
        if self._lock is not None:
            self._lock.close()


def remove_leftovers(run_dir: Path) -> list[Path]:
    """Delete the folders of workers of this machine that are gone; their scripts died with them."""
    removed = []
    for folder in run_dir.glob(f"{_MARK}*"):
        lock = _locked(folder)
        if lock is None:
            continue
        with lock:
            try:
                remove_tree(folder)
            except OSError as error:
                logger.warning("%s could not be removed: %s", folder, error)
            else:
                removed.append(folder)
    return removed


def _locked(folder: Path) -> IO[str] | None:
    """The folder's lock, taken; None where a living process holds it, or the folder has just gone."""
    try:
        lock = (folder / _LOCK).open("a")
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock
