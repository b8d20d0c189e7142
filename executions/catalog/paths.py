"""Which file names a bundle may carry."""

import re
import unicodedata
from collections.abc import Iterable

from executions.catalog.errors import BundleRefused

MAX_DEPTH = 10
MAX_PATH = 240

_DRIVE = re.compile(r"[A-Za-z]:")
_LITTER = frozenset({"__pycache__", "__MACOSX", ".DS_Store"})


def checked_path(name: str) -> str:
    """`name` itself, once it is a plain relative path that stays inside any folder.

    Raises BundleRefused for absolute paths, drive letters, backslashes, `..`, empty and
    unprintable parts, and for what is too long or too deep.
    """
    shown = name.encode("unicode_escape").decode("ascii")[:MAX_PATH]
    if "\\" in name:
        raise BundleRefused("file names must not contain backslashes", shown)
    if name.startswith("/") or _DRIVE.match(name):
        raise BundleRefused("file names must be relative", shown)
    if len(name) > MAX_PATH:
        raise BundleRefused(f"the file name is longer than {MAX_PATH} characters", shown)
    if not name.isprintable():
        raise BundleRefused("file names must be printable", shown)
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise BundleRefused("the file name leads outside the bundle or nowhere", shown)
    if len(parts) > MAX_DEPTH:
        raise BundleRefused(f"lies deeper than {MAX_DEPTH} levels", shown)
    return name


def is_litter(path: str) -> bool:
    """What file managers and Python leave behind is no part of a bundle."""
    return any(part in _LITTER for part in path.split("/"))


def refuse_collisions(paths: Iterable[str]) -> None:
    """Raise BundleRefused where two paths are one file, or one is the folder of another.

    Names that differ only in case or in Unicode form count as one: some disks hold them apart,
    others do not, and a bundle must be the same on both.
    """
    seen: dict[str, str] = {}
    for path in paths:
        folded = _folded(path)
        if folded in seen:
            raise BundleRefused(f"is in the bundle twice (also as {seen[folded]!r})", path)
        seen[folded] = path
    for path in seen.values():
        parts = _folded(path).split("/")
        for length in range(1, len(parts)):
            above = seen.get("/".join(parts[:length]))
            if above is not None:
                raise BundleRefused(f"is both a file and the folder of {path!r}", above)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
