"""Walk and open folders that a script has filled, never following a link."""

import os
import stat as modes
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from executions.sandbox.errors import ArtifactRejected

MAX_DEPTH = 64  # folders within folders; also bounds the descriptors that a walk holds
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NODE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class FolderEntry:
    """A name met on a walk; `path` is relative to where it began, in bytes as the kernel has it.

    `folder` is a descriptor of the folder that holds it, open until the walk goes on.
    """

    path: bytes
    name: bytes
    folder: int
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return modes.S_ISDIR(self.status.st_mode)

    @property
    def is_regular(self) -> bool:
        return modes.S_ISREG(self.status.st_mode)

    @property
    def size_bytes(self) -> int:
        """What it takes or claims to take, whichever is more: a sparse file counts in full."""
        return max(self.status.st_size, self.status.st_blocks * 512)


def walk(root: int) -> Iterator[FolderEntry]:
    """Every entry below the folder `root`: by name, a folder before what is in it.

    What vanishes meanwhile is left out. Raises ArtifactRejected for more than MAX_DEPTH folders within
    each other, and for a folder that cannot be read.
    """
    make_accessible(root)
    # A descriptor of its own: two walks over one would share its position.
    top = open_folder(b".", root, b".")
    try:
        yield from _walk(top, b"", 0)
    finally:
        os.close(top)


def open_folder(name: str | bytes, parent: int, path: str | bytes) -> int:
    """A descriptor to read the folder `name` in `parent`, made accessible if its owner had closed it.

    `path` is what an error calls it. Raises FileNotFoundError, or ArtifactRejected where it is a link,
    no folder, or stays closed.
    """
    try:
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=parent)
        except PermissionError:
            _open_up(name, parent)
            descriptor = os.open(name, _FOLDER, dir_fd=parent)
        make_accessible(descriptor)
    except FileNotFoundError:
        raise
    except NotADirectoryError as error:
        raise ArtifactRejected(path, "is a link or not a folder") from error
    except OSError as error:
        raise ArtifactRejected(path, f"cannot be opened: {error.strerror}") from error
    return descriptor


def names_in(folder: int) -> list[bytes]:
    """All names in a folder, sorted, as the kernel has them."""
    with os.scandir(folder) as entries:
        return sorted(os.fsencode(entry.name) for entry in entries)


def make_accessible(descriptor: int) -> None:
    """Give the owner all rights on a folder, where the owner is who asks; root needs none."""
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() != 0 and status.st_mode & 0o700 != 0o700:
        os.fchmod(descriptor, 0o700)


def _walk(folder: int, prefix: bytes, depth: int) -> Iterator[FolderEntry]:
    if depth > MAX_DEPTH:
        raise ArtifactRejected(prefix, f"more than {MAX_DEPTH} folders deep")
    for name in names_in(folder):
        with suppress(FileNotFoundError):
            entry = FolderEntry(prefix + name, name, folder, _status(name, folder, prefix))
            yield entry
            if entry.is_folder:
                descriptor = open_folder(name, folder, entry.path)
                try:
                    yield from _walk(descriptor, entry.path + b"/", depth + 1)
                finally:
                    os.close(descriptor)


def _status(name: bytes, folder: int, prefix: bytes) -> os.stat_result:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except PermissionError as error:
        raise ArtifactRejected(prefix + name, "may not be looked at") from error


def _open_up(name: str | bytes, parent: int) -> None:
    """Through a descriptor that cannot be a link; a folder that is one raises NotADirectoryError."""
    node = os.open(name, _NODE | os.O_DIRECTORY, dir_fd=parent)
    try:
        Path(f"/proc/self/fd/{node}").chmod(0o700)
    finally:
        os.close(node)
