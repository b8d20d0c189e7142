"""Pack a workspace as it was into a tar.gz of folders and regular files."""

import gzip
import os
import tarfile
from collections.abc import Iterable
from typing import BinaryIO

from executions.sandbox.errors import ArtifactRejected, printable
from executions.sandbox.folders import FolderEntry
from executions.sandbox.limits import Limits

_COMPRESSION = 6
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def write_archive(entries: Iterable[FolderEntry], to: BinaryIO, limits: Limits) -> tuple[str, ...]:
    """Write `entries` in the order given, without times and owners; answers the paths left out.

    Names are kept as they are: a tar can hold those that are no text, and the archive is the workspace as it
    was. Raises ArtifactRejected past `workspace_bytes` or `files` of `limits`.
    """
    left_out: list[str] = []
    total = 0
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=to, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for count, entry in enumerate(entries, start=1):
            path = os.fsdecode(entry.path)
            total += entry.size_bytes
            if total > limits.workspace_bytes or count > limits.files:
                raise ArtifactRejected(entry.path, "the workspace is too large to be archived")
            if entry.is_folder:
                archive.addfile(_header(path, entry, tarfile.DIRTYPE, 0))
            elif entry.is_regular:
                _add_file(archive, path, entry)
            else:
                left_out.append(printable(entry.path))
    return tuple(left_out)


def _add_file(archive: tarfile.TarFile, path: str, entry: FolderEntry) -> None:
    try:
        descriptor = os.open(entry.name, _READ, dir_fd=entry.folder)
    except OSError as error:
        raise ArtifactRejected(entry.path, f"cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        archive.addfile(_header(path, entry, tarfile.REGTYPE, os.fstat(descriptor).st_size), file)


def _header(path: str, entry: FolderEntry, kind: bytes, size: int) -> tarfile.TarInfo:
    """Only whether a file can be run is kept of its mode: no set-uid bit leaves a workspace."""
    header = tarfile.TarInfo(path)
    header.type = kind
    header.size = size
    header.mode = 0o755 if entry.is_folder or entry.status.st_mode & 0o100 else 0o644
    return header
