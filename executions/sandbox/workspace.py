"""The folder that a run works in: staged into, written to, read from, archived, removed."""

import os
import stat as modes
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from executions.sandbox.archive import write_archive
from executions.sandbox.errors import ArtifactRejected
from executions.sandbox.folders import open_folder, walk
from executions.sandbox.identity import SandboxUser
from executions.sandbox.limits import Limits
from executions.sandbox.paths import checked_name, checked_parts, decoded_path
from executions.sandbox.removal import remove_tree

__all__ = ["ArtifactRejected", "SandboxWorkspace"]

MATERIALS = "inputs/materials"
_PREPARED = (MATERIALS, "outputs")
_PIECE = 1024 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Listing:
    """Regular files by path with their sizes in bytes; names that cannot be told as text are `left_out`.

    What is left out is escaped for people: it cannot be read or kept by that name.
    """

    files: Sequence[tuple[str, int]]
    left_out: Sequence[str]


class SandboxWorkspace:
    """One folder of one user. Every access goes beneath a descriptor of it and follows no link.

    Decision: a hard link is as good as a file. A script can make one only to files of its own workspace,
    since everything else it sees is another mount; each name counts in full toward the sizes.
    """

    def __init__(self, path: Path, identity: SandboxUser, limits: Limits) -> None:
        self.path = path
        self.identity = identity
        self.limits = limits
        self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    @classmethod
    def create(cls, parent: Path, limits: Limits | None = None) -> Self:
        """A new, empty workspace in `parent`, which is made if need be. Raises SandboxUnavailable.

        `limits` bounds what may be written and archived: `workspace_bytes` and `files`.
        """
        parent.mkdir(parents=True, exist_ok=True)
        identity = SandboxUser.claim()
        try:
            path = Path(tempfile.mkdtemp(prefix="workspace-", dir=parent))
            workspace = cls(path, identity, limits or Limits())
        except OSError:
            identity.release()
            raise
        workspace._give(workspace.descriptor)
        for folder in _PREPARED:
            with workspace._folder(folder.split("/"), create=True):
                pass
        return workspace

    def stage(self, name: str, source: BinaryIO, folder: str = MATERIALS) -> str:
        """Copy `source` into `folder` under exactly this name; answers the path it has there.

        Raises ArtifactRejected where the name is no file name or is taken, or the workspace too full.
        """
        path = f"{folder}/{checked_name(name)}"
        with self._folder(checked_parts(folder), create=True) as parent:
            try:
                descriptor = os.open(name, _WRITE | os.O_EXCL, 0o644, dir_fd=parent)
            except FileExistsError as error:
                raise ArtifactRejected(path, "is staged already") from error
            with os.fdopen(descriptor, "wb") as target:
                self._give(descriptor)
                self._copy(source, target, path)
        return path

    def open_regular(self, path: str) -> BinaryIO:
        """The regular file at `path`, to read. Raises ArtifactRejected for anything else, and for none."""
        *folders, name = checked_parts(path)
        try:
            with self._folder(folders, path=path) as parent:
                descriptor = os.open(name, _READ, dir_fd=parent)
        except FileNotFoundError as error:
            raise ArtifactRejected(path, "does not exist") from error
        except OSError as error:
            raise ArtifactRejected(path, f"is a link or cannot be opened: {error.strerror}") from error
        return os.fdopen(_regular(descriptor, path), "rb")

    def write(self, path: str, content: bytes) -> None:
        """Make or replace the regular file at `path`, with its folders. Raises ArtifactRejected."""
        *folders, name = checked_parts(path)
        if len(content) > self.limits.workspace_bytes - self.size():
            raise ArtifactRejected(path, "does not fit in the workspace any more")
        with self._folder(folders, create=True, path=path) as parent:
            try:
                descriptor = os.open(name, _WRITE, 0o644, dir_fd=parent)
            except OSError as error:
                raise ArtifactRejected(path, f"is a link or cannot be written: {error.strerror}") from error
            with os.fdopen(_regular(descriptor, path), "wb") as target:
                self._give(target.fileno())
                target.truncate(0)
                target.write(content)

    def link(self, name: str, target: str) -> None:
        """Make a symbolic link at the top, for programs inside; what has the name already stays.

        Nothing here follows it, and no archive holds it.
        """
        with suppress(FileExistsError):
            os.symlink(target, checked_name(name), dir_fd=self.descriptor)

    def list(self) -> Sequence[tuple[str, int]]:
        """Path and size in bytes of every regular file that `open_regular` would take, by path."""
        return self.listing().files

    def listing(self) -> Listing:
        """The same, and what was left out."""
        files, left_out = [], []
        for entry in walk(self.descriptor):
            if not entry.is_regular:
                continue
            try:
                files.append((decoded_path(entry.path), entry.status.st_size))
            except ArtifactRejected as rejected:
                left_out.append(rejected.path)
        return Listing(sorted(files), left_out)

    def size(self) -> int:
        """Bytes of all names; a sparse file counts in full, a hard link each time."""
        return sum(entry.size_bytes for entry in walk(self.descriptor))

    def archive(self, to: BinaryIO) -> tuple[str, ...]:
        """Write all folders and regular files as tar.gz: equal contents make equal bytes.

        Answers the paths left out because they are links, pipes or sockets. Raises ArtifactRejected when
        there is more than the limits allow.
        """
        return write_archive(walk(self.descriptor), to, self.limits)

    def remove(self) -> None:
        """Delete everything and give the user id back; a repeated call does nothing."""
        if self.descriptor < 0:
            return
        os.close(self.descriptor)
        self.descriptor = -1
        try:
            remove_tree(self.path)
        finally:
            self.identity.release()

    @contextmanager
    def _folder(self, names: Sequence[str], *, create: bool = False, path: str = "") -> Iterator[int]:
        """A descriptor of the folder reached by `names`, open inside the `with`."""
        descriptor = os.dup(self.descriptor)
        try:
            for name in names:
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o755, dir_fd=descriptor)
                inner = open_folder(name, descriptor, path or "/".join(names))
                os.close(descriptor)
                descriptor = inner
                if create:
                    self._give(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    def _give(self, descriptor: int) -> None:
        """Make the script's user the owner, where it is not the worker's."""
        if self.identity.is_own:
            os.fchown(descriptor, self.identity.uid, self.identity.gid)

    def _copy(self, source: BinaryIO, target: BinaryIO, path: str) -> None:
        room = self.limits.workspace_bytes - self.size()
        while piece := source.read(_PIECE):
            room -= len(piece)
            if room < 0:
                raise ArtifactRejected(path, "does not fit in the workspace any more")
            target.write(piece)


def _regular(descriptor: int, path: str) -> int:
    """The same descriptor, if it is a regular file; closed otherwise."""
    if not modes.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArtifactRejected(path, "is not a regular file")
    return descriptor
