"""The local modes' databases: where each lives, and a URL for the one that runs."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import IO

from config.environment import LOCAL_DIR
from config.postgres.account import server_account
from config.postgres.cluster import Cluster, digest
from config.postgres.unavailable import PostgresUnavailable

HOMES = {
    "demo": LOCAL_DIR / "postgres",
    "test": LOCAL_DIR / "postgres-test",
}
# Where root keeps data when the service account cannot enter the project's folder (a 0700 home).
SYSTEM_FOLDER = Path("/var/lib/callboard")

_uses: dict[Path, IO[str]] = {}


def local_database_url() -> str:
    """The URL of this local mode's database, `CALLBOARD_LOCAL` being `demo` or `test`.

    Starts the server if need be (about 0.7 s the first time), else takes about a millisecond.
    Until it ends this process counts as a user of the server, see `stop_if_unused`.
    Raises PostgresUnavailable.
    """
    home = HOMES[os.environ["CALLBOARD_LOCAL"]]
    cluster = _cluster(home)
    cluster.prepare()
    if home not in _uses:
        use = cluster.open_file("users")
        fcntl.flock(use, fcntl.LOCK_SH)
        _uses[home] = use
    return ensure_started(home)


def ensure_started(home: Path) -> str:
    """A URL (`postgresql://…`) of the server whose data live at `home`, started if it is not running.

    A folder whose name ends in `-test` is disposable: fast, not durable. Any number of
    processes may call at once. Raises PostgresUnavailable.
    """
    cluster = _cluster(home)
    cluster.prepare()
    server = cluster.running()
    if server is None:
        with cluster.locked():
            server = cluster.start()
    return cluster.url(server)


def is_running(home: Path) -> bool:
    """Whether a server answers for `home` right now."""
    return _cluster(home).running() is not None


def stop(home: Path) -> None:
    """Stop the server of `home`, whoever uses it; nothing to do when none runs."""
    cluster = _cluster(home)
    if cluster.home.exists():
        with cluster.locked():
            cluster.stop()


def stop_if_unused(home: Path) -> bool:
    """Stop the server unless a process other than this one got its URL; True when it stopped.

    Afterwards this process is no user any more.
    """
    cluster = _cluster(home)
    with contextlib.ExitStack() as held:
        if (use := _uses.pop(home, None)) is None:
            cluster.prepare()
            use = cluster.open_file("users")
        held.enter_context(use)
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        stop(home)
    return True


def _cluster(home: Path) -> Cluster:
    account, shelf = server_account(home / "data"), SYSTEM_FOLDER / "binaries"
    if account.drops_root and not account.reaches(home.parent):
        home = SYSTEM_FOLDER / digest(home.parent) / home.name
        account = server_account(home / "data")
        _make_enterable(SYSTEM_FOLDER, shelf, home.parent)
    return Cluster(home, account, shelf, disposable=home.name.endswith("-test"))


def _make_enterable(*folders: Path) -> None:
    """Make folders that every account may pass through, whatever root's umask is."""
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)
    except OSError as refused:
        raise PostgresUnavailable(
            f"{folder} cannot be made ({refused.strerror}): "
            "move the project to a folder that every user may enter."
        ) from refused
