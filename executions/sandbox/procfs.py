"""Read a sandbox's own /proc, which shows its processes and nothing else."""

import os
import stat as modes
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_VANISHED = (FileNotFoundError, ProcessLookupError, PermissionError)  # it ended while we looked


@dataclass(frozen=True)
class Process:
    """One process: its threads, seconds of CPU (waited-for children included), bytes resident."""

    name: str
    tasks: int
    cpu_seconds: float
    resident_bytes: int


class ProcFolder:
    """A descriptor of a /proc folder; a process that ends while it is read counts as nothing."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def processes(self) -> list[Process]:
        with os.scandir(self._descriptor) as entries:
            names = [entry.name for entry in entries if entry.name.isdigit()]
        return [found for name in names if (found := self._process(name)) is not None]

    def proportional_bytes(self, process: Process) -> int:
        """Resident memory in which a page shared by n processes counts as a n-th, without shared segments."""
        rollup = self._read(f"{process.name}/smaps_rollup").splitlines()
        sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in rollup[1:]}
        return sizes.get(b"Pss:", 0) - sizes.get(b"Pss_Shmem:", 0)

    def socket_count(self, process: Process) -> int:
        """Sockets in the network namespace of `process`, on their way in another one or not."""
        for line in self._read(f"{process.name}/net/sockstat").splitlines():
            if line.startswith(b"sockets: used "):
                return int(line.split()[2])
        return 0

    def deleted_mappings(self, process: Process) -> dict[tuple[int, int], int]:
        """(device, inode) → bytes mapped, of shared memory and files without a name.

        What no process touches just now is in nobody's resident memory, but in the machine's.
        """
        maps = self._read(f"{process.name}/maps")
        if b" (deleted)" not in maps:
            return {}
        found: dict[tuple[int, int], int] = {}
        for line in maps.splitlines():
            if line.endswith(b" (deleted)"):
                addresses, _, _, device, inode, *_ = line.split(maxsplit=5)
                begin, end = addresses.split(b"-")
                major, minor = (int(part, 16) for part in device.split(b":"))
                key = (os.makedev(major, minor), int(inode))
                found[key] = found.get(key, 0) + int(end, 16) - int(begin, 16)
        return found

    def unnamed_files(self, process: Process) -> dict[tuple[int, int], int]:
        """(device, inode) → bytes, of regular files it has open that have no name any more."""
        found: dict[tuple[int, int], int] = {}
        for path in self._descriptors_of(process):
            with suppress(*_VANISHED):
                status = os.stat(path, dir_fd=self._descriptor)
                if status.st_nlink == 0 and modes.S_ISREG(status.st_mode):
                    found[status.st_dev, status.st_ino] = max(status.st_size, status.st_blocks * 512)
        return found

    def _descriptors_of(self, process: Process) -> Iterator[str]:
        with suppress(*_VANISHED):
            folder = os.open(f"{process.name}/fd", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._descriptor)
            try:
                with os.scandir(folder) as entries:
                    names = [entry.name for entry in entries]
            finally:
                os.close(folder)
            yield from (f"{process.name}/fd/{name}" for name in names)

    def _process(self, name: str) -> Process | None:
        # The program's name stands in parentheses and may hold any character; see proc_pid_stat(5).
        fields = self._read(f"{name}/stat").rpartition(b")")[2].split()
        if not fields:
            return None
        cpu = sum(int(ticks) for ticks in fields[11:15]) / _TICKS
        return Process(name, int(fields[17]), cpu, int(fields[21]) * _PAGE)

    def _read(self, path: str) -> bytes:
        """The whole file; empty when its process ended meanwhile."""
        with suppress(*_VANISHED):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._descriptor)
            with os.fdopen(descriptor, "rb") as file:
                return file.read()
        return b""
