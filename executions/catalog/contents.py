"""A set of files being read for a bundle, held within the bounds."""

from executions.catalog.errors import BundleRefused
from executions.catalog.paths import checked_path

MAX_BYTES = 20 * 1024 * 1024
MAX_FILES = 2000


class Contents:
    """Files by path, and which of them are executable; every addition is checked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.executables: set[str] = set()
        self._size = 0

    @property
    def room(self) -> int:
        """Bytes that may still be added."""
        return MAX_BYTES - self._size

    def add(self, path: str, content: bytes, *, executable: bool) -> None:
        """Raises BundleRefused when `path` is unsafe or taken, or a bound is passed."""
        checked_path(path)
        if path in self.files:
            raise BundleRefused("is in the bundle twice", path)
        if len(content) > self.room:
            raise BundleRefused(f"the bundle is larger than {MAX_BYTES // 2**20} MiB", path)
        if len(self.files) >= MAX_FILES:
            raise BundleRefused(f"the bundle has more than {MAX_FILES} files", path)
        self.files[path] = content
        self._size += len(content)
        if executable:
            self.executables.add(path)
