"""Reads what a running server says of itself, in microseconds and without a subprocess."""

import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

# Lines of postmaster.pid, as PostgreSQL's pidfile.h numbers them (from one there, from zero here).
_PID, _PORT, _SOCKET_FOLDER, _STATUS = 0, 3, 4, 7

# The protocol's SSLRequest: a length and a fixed code, answered before anything else is looked at.
_ASK_FOR_TLS = struct.pack("!II", 8, 80877103)
ANSWER_SECONDS = 10.0  # a machine under load may take its time; a dead server refuses at once


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
        """Whether a server answers on the socket: asked for TLS, it says yes or no, in about a millisecond.

        Neither the process number nor an accepted connection would do: the number may live on in
        somebody else, and the kernel goes on accepting for a process that is being killed.
        """
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWER_SECONDS)
            try:
                probe.connect(f"{self.socket_folder}/.s.PGSQL.{self.port}")
                probe.sendall(_ASK_FOR_TLS)
                return probe.recv(1) in (b"S", b"N")
            except OSError:
                return False

    def works_in(self, data: Path) -> bool:
        """Whether its process lives and works in `data`, whether or not it finds the time to answer."""
        try:
            return psutil.Process(self.pid).cwd() == str(data.resolve())
        except psutil.Error:  # a zombie is one too
            return False

    def is_ready(self) -> bool:
        """Alive and past its start or crash recovery."""
        return self.status == "ready" and self.is_alive()


def is_abandoned(data: Path) -> bool:
    """Whether no living process works in `data`, whatever lock files left there may say.

    PostgreSQL itself trusts the number in its lock files: it refuses to start while a zombie bears it
    that nobody reaps (usual in containers), or a stranger to whom it was given after a restart.
    """
    folders = (process.info["cwd"] for process in psutil.process_iter(["cwd"]))
    return str(data.resolve()) not in folders
