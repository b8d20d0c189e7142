"""A set of files being read for a bundle, held within the bounds."""

from executions.catalog.errors import BundleProblem, BundleRefused, BundleTooLarge
from executions.catalog.paths import checked_path

SKILL_FILE = "SKILL.md"
MAX_BYTES = 20 * 1024 * 1024
MAX_FILES = 2000
MOST_PROBLEMS = 50


class EnoughRead(Exception):
    """Reading on would only find more of what is too much already."""


class Contents:
    """Files by path, and which of them are executable; every addition is checked.

    `left_out` are the paths that are no part of a bundle, a folder with a slash at its end; `problems` are
    what is wrong with single files, told later with all else that is wrong.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.executables: set[str] = set()
        self.left_out: set[str] = set()
        self.problems: list[BundleProblem] = []
        self._size = 0

    @property
    def room(self) -> int:
        """Bytes that may still be added."""
        return MAX_BYTES - self._size

    def add(self, path: str, content: bytes, *, executable: bool) -> None:
        """Raises BundleRefused when `path` is unsafe or taken, BundleTooLarge when a bound is passed."""
        checked_path(path)
        if path in self.files:
            raise BundleRefused("is in the bundle twice", path)
        if len(content) > self.room:
            raise BundleTooLarge(f"the bundle is larger than {MAX_BYTES // 2**20} MiB", path)
        if len(self.files) >= MAX_FILES:
            raise BundleTooLarge(f"the bundle has more than {MAX_FILES} files", path)
        self.files[path] = content
        self._size += len(content)
        if executable:
            self.executables.add(path)

    def refuse(self, refused: BundleRefused) -> None:
        """Keep what is wrong for later; raises EnoughRead where nothing more is to be read."""
        self.problems += refused.problems
        if isinstance(refused, BundleTooLarge) or len(self.problems) >= MOST_PROBLEMS:
            raise EnoughRead
