"""Reads what a running server says of itself, in microseconds and without a subprocess."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

# Lines of postmaster.pid, as PostgreSQL's pidfile.h numbers them (from one there, from zero here).
_PID, _PORT, _SOCKET_FOLDER, _STATUS = 0, 3, 4, 7


@dataclass(frozen=True)
class ServerFile:
    """One `postmaster.pid`: who serves a data folder and where."""

    pid: int
    port: int
    socket_folder: str
    status: str

    @classmethod
    def read(cls, data: Path) -> Self | None:
        """None while there is no server file, or a half-written one."""
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            return cls(int(lines[_PID]), int(lines[_PORT]), lines[_SOCKET_FOLDER], lines[_STATUS].strip())
        except (OSError, ValueError, IndexError):
            return None

    def is_alive(self) -> bool:
        """Whether a process of that number exists and something listens on its socket.

        Both are asked: after kill -9 the number may live on in somebody else, the socket never does.
        """
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(f"{self.socket_folder}/.s.PGSQL.{self.port}")
            except OSError:
                return False
        return True

    def is_ready(self) -> bool:
        """Alive and past its start or crash recovery."""
        return self.status == "ready" and self.is_alive()

    def is_somebody_else(self) -> bool:
        """Whether the number now belongs to another program, which keeps PostgreSQL from starting.

        Usual after a container restarts: the same few process numbers come round again.
        """
        try:
            return "postgres" not in psutil.Process(self.pid).name()
        except psutil.NoSuchProcess:
            return False
