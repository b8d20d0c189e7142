"""Which account of the operating system the embedded PostgreSQL runs under."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from config.postgres.unavailable import PostgresUnavailable

# Tried in this order when root must hand the server to somebody else: PostgreSQL refuses to run as root.
SERVICE_ACCOUNTS = ("postgres", "nobody", "daemon")


@dataclass(frozen=True)
class SystemAccount:
    """A user of this machine by number; `drops_root` when processes must be started as that user."""

    uid: int
    gid: int
    drops_root: bool

    def reaches(self, path: Path) -> bool:
        """Whether this account may enter `path`, as far as it exists, and every folder above it.

        Reads permission bits only: an access list that grants more merely costs a detour.
        """
        return all(self._may_pass(step) for step in (path, *path.parents) if step.exists())

    def _may_pass(self, path: Path) -> bool:
        status = path.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def take_over(self, path: Path) -> None:
        """Give `path` itself (not what is in it) to this account; nothing to do unless root."""
        if self.drops_root:
            os.chown(path, self.uid, self.gid)


def server_account(data: Path) -> SystemAccount:
    """The owner of existing `data`, else ourselves, else (as root) a service account.

    Raises PostgresUnavailable where another ordinary user made `data`, or no service account exists.
    """
    owner = _owner(data)
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise PostgresUnavailable(
                f"{data} belongs to user {_name(owner.st_uid)}: start as that user or as root, "
                "or remove that folder to begin with an empty database."
            )
        return SystemAccount(os.geteuid(), os.getegid(), drops_root=False)
    if owner is not None and owner.st_uid != 0:
        return SystemAccount(owner.st_uid, owner.st_gid, drops_root=True)
    for name in SERVICE_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemAccount(entry.pw_uid, entry.pw_gid, drops_root=True)
    raise PostgresUnavailable(
        "PostgreSQL does not run as root, and this machine has no account named "
        f"{', '.join(SERVICE_ACCOUNTS)}: add one, or set DATABASE_URL."
    )


def _owner(data: Path) -> os.stat_result | None:
    try:
        return data.stat()
    except FileNotFoundError:
        return None
    except PermissionError:
        return data.parent.stat()


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
