"""The process tree of a running sandbox, seen from outside."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from executions.sandbox.filesystem import MARKER
from executions.sandbox.procfs import Process, ProcFolder

_FIRST = "1"  # bubblewrap's own process inside, which only waits
_SOCKET = 416 * 1024  # bytes that one may hold for its reader, by the kernel's usual net.core.wmem_max
_NOTABLE = 8 * 1024 * 1024  # bytes of shared segments above which they are told apart from the rest


@dataclass(frozen=True)
class Sample:
    """One look: live tasks (threads count), seconds of CPU so far, bytes of memory.

    Memory counts shared pages once, the files in /tmp and /dev/shm, and sockets by what they may hold.
    `unnamed_bytes` are those of workspace files that are open or mapped but have no name any more.
    """

    tasks: int
    cpu_seconds: float
    memory_bytes: int
    unnamed_bytes: int


class Tree:
    """Read through the sandbox's own mounts: no process can leave them, whatever it does about parents."""

    def __init__(self, process_id: int, workspace_device: int) -> None:
        """Raises OSError while the sandbox is being built, and when it is gone already."""
        root = f"/proc/{process_id}/root"
        Path(root + MARKER).stat()
        self._workspace_device = workspace_device
        self._cpu_seen = 0.0
        self._cpu_lost = 0.0
        with ExitStack() as stack:
            folders = []
            for name in ("proc", "tmp", "dev/shm"):
                folders.append(os.open(f"{root}/{name}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
                stack.callback(os.close, folders[-1])
            self._proc = ProcFolder(folders[0])
            self._scratch = folders[1:]
            self._scratch_devices = [os.fstat(folder).st_dev for folder in self._scratch]
            self._resources = stack.pop_all()

    def close(self) -> None:
        self._resources.close()

    def sample(self, memory_limit: int) -> Sample:
        """Look once. Telling shared pages apart is slow, so it waits until it could matter."""
        everything = self._proc.processes()
        living = [process for process in everything if process.name != _FIRST]
        memory, unnamed = self._unseen(living)
        resident = sum(process.resident_bytes for process in living)
        if memory > _NOTABLE or memory + resident > memory_limit:
            resident = sum(self._proc.proportional_bytes(process) for process in living)
        sockets = self._proc.socket_count(everything[0]) * _SOCKET if everything else 0
        tasks = sum(process.tasks for process in living)
        return Sample(tasks, self._cpu(everything), memory + resident + sockets, unnamed)

    def _unseen(self, living: Iterable[Process]) -> tuple[int, int]:
        """(bytes of shared segments and scratch files, bytes of workspace files without a name)."""
        mapped: dict[tuple[int, int], int] = {}
        opened: dict[tuple[int, int], int] = {}
        for process in living:
            for key, size in self._proc.deleted_mappings(process).items():
                mapped[key] = max(mapped.get(key, 0), size)
            opened |= self._proc.unnamed_files(process)
        files = {key: size for key, size in (mapped | opened).items() if key[0] == self._workspace_device}
        elsewhere = {self._workspace_device, *self._scratch_devices}
        segments = sum(size for key, size in mapped.items() if key[0] not in elsewhere)
        return segments + sum(_used_bytes(folder) for folder in self._scratch), sum(files.values())

    def _cpu(self, everything: Iterable[Process]) -> float:
        """Never less than before: a child nobody waits for takes its time with it."""
        seen = sum(process.cpu_seconds for process in everything)
        self._cpu_lost += max(0.0, self._cpu_seen - seen)
        self._cpu_seen = seen
        return self._cpu_lost + seen


def child_of(process_id: int) -> int | None:
    """The first child of a process on this machine, if it has one just now."""
    try:
        listed = Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii").split()
        return int(listed[0]) if listed else None
    except FileNotFoundError:
        # Either the process is gone, or the kernel was built without that file.
        try:
            children = psutil.Process(process_id).children()
        except psutil.NoSuchProcess:
            return None
        return children[0].pid if children else None


def _used_bytes(folder: int) -> int:
    status = os.fstatvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize
