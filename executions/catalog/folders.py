"""Read the files of a bundle from a folder, refusing links and special files."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from executions.catalog.contents import SKILL_FILE, Contents, EnoughRead
from executions.catalog.errors import BundleRefused
from executions.catalog.paths import MAX_DEPTH, litter_in

# Without O_NONBLOCK opening a named pipe would wait for its other end.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_folder_files(folder: Path) -> Contents:
    """Everything below `folder` that belongs to a bundle.

    What cannot be taken is among its `problems`. Raises BundleRefused where `folder` is none, and OSError
    where the disk does.
    """
    if not folder.is_dir():
        raise BundleRefused("is not a folder", folder.name)
    contents = Contents()
    with suppress(EnoughRead):
        _read_level(folder, "", contents, depth=1)
    return contents


def skill_folders(top: Path) -> list[Path]:
    """Every folder in or below `top` that holds a SKILL.md, by path; none inside another one."""
    found = []
    for place, folders, files in top.walk():
        if not {SKILL_FILE, SKILL_FILE.lower()}.isdisjoint(files):
            found.append(place)
            folders.clear()
        folders[:] = sorted(name for name in folders if litter_in(name) is None)
    return found


def _read_level(folder: Path, prefix: str, contents: Contents, *, depth: int) -> None:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = prefix + entry.name
            if litter_in(path) is not None:
                is_folder = entry.is_dir(follow_symlinks=False)
                contents.left_out.add(f"{path}/" if is_folder else path)
                continue
            try:
                _read_entry(entry, path, contents, depth)
            except BundleRefused as refused:
                contents.refuse(refused)


def _read_entry(entry: "os.DirEntry[str]", path: str, contents: Contents, depth: int) -> None:
    if entry.is_symlink():
        raise BundleRefused("links are not allowed; put a copy of the file there", path)
    if not entry.is_dir(follow_symlinks=False):
        _read_file(Path(entry.path), path, contents)
    elif depth >= MAX_DEPTH:
        raise BundleRefused(f"lies deeper than {MAX_DEPTH} levels", path)
    else:
        _read_level(Path(entry.path), f"{path}/", contents, depth=depth + 1)


def _read_file(file: Path, path: str, contents: Contents) -> None:
    if not stat.S_ISREG(file.lstat().st_mode):
        raise BundleRefused("is not a regular file", path)
    with os.fdopen(os.open(file, _FLAGS), "rb") as source:
        # Looked at again on the open file: it may have been swapped in between.
        mode = os.fstat(source.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise BundleRefused("is not a regular file", path)
        # One byte more than fits is enough to be refused by size.
        content = source.read(contents.room + 1)
    contents.add(path, content, executable=bool(mode & 0o111))
