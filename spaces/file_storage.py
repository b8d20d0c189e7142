"""Where blobs are kept: a folder, in which files are whole or not there at all."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

_MODE = 0o644  # what an ordinary open() leaves; web and worker may be different users


class StorageUnavailable(OSError):
    """The blob storage cannot be used at the moment, or as it is configured; the text says why.

    Not for callers of the API: it may name a bucket.
    """


class WholeFileStorage(FileSystemStorage):
    """Writes beside the final name and renames at the end.

    A process that is killed, or a disk that is full, in the middle of a write would otherwise leave the
    beginning of a blob under the name that promises the whole. Names are digests: to write one again is
    harmless.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name as it is: equal names have equal contents."""
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, unfinished = tempfile.mkstemp(prefix=".new-", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fchmod(file.fileno(), self.file_permissions_mode or _MODE)
                os.fsync(file.fileno())
            Path(unfinished).rename(target)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        return name
