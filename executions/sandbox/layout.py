"""The file system that a script sees, as bubblewrap's options."""

import os
from contextlib import ExitStack
from pathlib import Path


class BoundFiles:
    """Small files in memory, handed to bubblewrap by descriptor and closed by `stack`."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.descriptors: list[int] = []

    def add(self, name: str, content: bytes) -> str:
        """The descriptor's number, as an argument; `name` is for people who list descriptors."""
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
        self._stack.callback(os.close, descriptor)
        self.descriptors.append(descriptor)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return str(descriptor)


class SandboxLayout:
    """Collects mounts in order, with the folders they need, which everyone inside may enter."""

    def __init__(self, attachments: BoundFiles) -> None:
        self.options: list[str] = []
        self._attachments = attachments
        self._folders: set[Path] = set()

    def read_only(
        self, host: str | Path, inside: str | Path | None = None, *, optional: bool = False
    ) -> None:
        """Show a folder or file of the host, at the same path unless told otherwise."""
        if optional and not Path(host).exists():
            return
        self._mount("--ro-bind", str(host), str(inside or host))

    def writable(self, host: str | Path, inside: str) -> None:
        self._mount("--bind", str(host), inside)

    def file(self, path: str | Path, content: str | bytes) -> None:
        """A small file with this content, which everyone inside may read."""
        self._parents(Path(path))
        descriptor = self._attachments.add(
            Path(path).name, content.encode() if isinstance(content, str) else content
        )
        self.options += ["--perms", "0444", "--file", descriptor, str(path)]

    def link(self, target: str | Path, path: str | Path) -> None:
        self._parents(Path(path))
        self.options += ["--symlink", str(target), str(path)]

    def memory(self, path: str, size: int) -> None:
        """An empty folder in memory for everyone inside, of at most `size` bytes."""
        self.options += ["--perms", "1777", "--size", str(size), "--tmpfs", path]
        self._folders.add(Path(path))

    def folder(self, path: str, mode: str = "0755") -> None:
        self.options += ["--perms", mode, "--dir", path]
        self._folders.add(Path(path))

    def _mount(self, option: str, host: str, inside: str) -> None:
        self._parents(Path(inside))
        self.options += [option, host, inside]
        self._folders.add(Path(inside))

    def _parents(self, path: Path) -> None:
        """Bubblewrap would make them for the mounting user only."""
        for parent in reversed(path.parents[:-1]):
            if parent not in self._folders:
                self.folder(str(parent))
