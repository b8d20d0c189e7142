"""An unprivileged user of its own for every workspace, where the worker is root."""

import errno
import itertools
import os
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from executions.sandbox import options
from executions.sandbox.errors import SandboxUnavailable

# Far above people, services, containers and the usual subordinate ids; the second range is for containers
# that were given 65,536 ids, below systemd's dynamic users.
_RANGES = ((1_900_000_000, 10_000), (50_000, 10_000))
_turn = itertools.count(secrets.randbelow(10_000))


@dataclass
class SandboxUser:
    """A user id, equal to its group id, that no other workspace on this machine has at the same time.

    As an ordinary user it is the worker's own, and only the user namespace separates it from the worker.
    """

    uid: int
    gid: int
    is_own: bool
    _claim: socket.socket | None = field(default=None, repr=False)

    @classmethod
    def claim(cls) -> Self:
        """Take a free id. Raises SandboxUnavailable when all of the range are taken."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), is_own=False)
        first, count = _available_range()
        for _ in range(count):
            uid = first + next(_turn) % count
            claim = _claimed(uid)
            if claim is not None:
                return cls(uid, uid, is_own=True, _claim=claim)
        raise SandboxUnavailable(f"All {count} user ids from {first} are taken. Widen SANDBOX_UIDS.")

    def release(self) -> None:
        """Give the id back; a repeated call does nothing."""
        if self._claim is not None:
            self._claim.close()
            self._claim = None


def _claimed(uid: int) -> socket.socket | None:
    """A name in the kernel's abstract socket space: taken by one process, given back by its death."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0callboard-sandbox-{uid}")
    except OSError as taken:
        claim.close()
        if taken.errno == errno.EADDRINUSE:
            return None
        raise
    return claim


def _available_range() -> tuple[int, int]:
    chosen = options.user_ids()
    for first, count in (chosen,) if chosen else _RANGES:
        if all(_is_mapped(first, count, kind) for kind in ("uid", "gid")):
            return first, count
    raise SandboxUnavailable("This container has too few user ids. Set SANDBOX_UIDS to a range that it has.")


def _is_mapped(first: int, count: int, kind: str) -> bool:
    lines = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").splitlines()
    ranges = [(int(line.split()[0]), int(line.split()[2])) for line in lines]
    return any(start <= first and first + count <= start + length for start, length in ranges)
