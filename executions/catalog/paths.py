"""Which file names a bundle may carry."""

import re
import unicodedata
from collections.abc import Iterable

from executions.catalog.errors import BundleRefused

MAX_DEPTH = 20
MAX_PATH = 240

_DRIVE = re.compile(r"[A-Za-z]:")
# What tools leave behind, what is installed again anywhere, and what holds secrets.
_LITTER = frozenset(
    {
        *("__pycache__", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"),
        *(".git", ".svn", ".hg", ".idea", ".vscode", "node_modules", ".venv", ".ipynb_checkpoints"),
        *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox", ".cache"),
        *(".env", ".envrc", ".netrc", ".npmrc", ".pypirc", ".ssh", ".aws", ".gnupg"),
    }
)
_SECRETS = re.compile(r"\.env\.(?!example$|sample$|template$|dist$)|id_(rsa|dsa|ecdsa|ed25519)$")


def checked_path(name: str) -> str:
    """`name` itself, once it is a safe path that is neither too long nor too deep; raises BundleRefused."""
    safe_path(name)
    if len(name) > MAX_PATH:
        raise BundleRefused(f"the file name is longer than {MAX_PATH} characters", _shown(name))
    if name.count("/") >= MAX_DEPTH:
        raise BundleRefused(f"lies deeper than {MAX_DEPTH} levels", _shown(name))
    return name


def safe_path(name: str) -> str:
    """`name` itself, once it is a plain relative path that stays inside any folder.

    Raises BundleRefused for absolute paths, drive letters, backslashes, `..`, empty and unprintable parts.
    """
    if "\\" in name:
        raise BundleRefused("file names must not contain backslashes", _shown(name))
    if name.startswith("/") or _DRIVE.match(name):
        raise BundleRefused("file names must be relative", _shown(name))
    if not name.isprintable():
        raise BundleRefused("file names must be printable", _shown(name))
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise BundleRefused("the file name leads outside the bundle or nowhere", _shown(name))
    return name


def litter_in(path: str) -> str | None:
    """The part of `path` that is no part of a bundle, with what leads to it; None where all of it is one.

    What tools leave behind, what is installed again anywhere, and what holds secrets stays out.
    """
    parts = path.split("/")
    for length, part in enumerate(parts, start=1):
        if part in _LITTER or _SECRETS.match(part):
            return "/".join(parts[:length]) + ("/" if length < len(parts) else "")
    return None


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


def _shown(name: str) -> str:
    return name.encode("unicode_escape").decode("ascii")[:MAX_PATH]
