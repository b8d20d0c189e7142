"""Read the files of bundles from a zip made by anybody."""

import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

from executions.catalog.contents import MAX_BYTES, MAX_FILES, SKILL_FILE, Contents, EnoughRead
from executions.catalog.errors import BundleRefused, BundleTooLarge
from executions.catalog.paths import litter_in, safe_path

# Of one skill: entries that are folders or left out come on top of the files.
MAX_ENTRIES = 4 * MAX_FILES
# Of a whole repository, of which only what belongs to skills is unpacked.
MAX_REPOSITORY_BYTES = 200 * 1024 * 1024
MAX_REPOSITORY_ENTRIES = 100_000
MAX_UNPACKED_BYTES = 500 * 1024 * 1024

_ENCRYPTED = 0x1 | 0x40
_ENTRY_SIGNATURE = b"PK\x01\x02"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNIX = 3
_PIECE = 1024 * 1024


def read_zip_files(source: BinaryIO, *, most_bytes: int, most_entries: int) -> Mapping[str, Contents]:
    """The files of every skill in the zip, by its folder: "" for the top, and none inside another.

    Everything, where no folder holds a SKILL.md. What cannot be taken of a skill is among its `problems`.
    Nothing is written to disk, and no more is read than may be kept. Raises BundleRefused for what is no zip,
    for names that lead out of it, and past the bounds.
    """
    _check_bounds(source, most_bytes, most_entries)
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            # What the zip says; zipfile cuts `filename` at a NUL.
            names = [safe_path(entry.orig_filename.removesuffix("/")) for entry in entries]
            by_folder = _by_folder(entries, _skill_folders(names))
            if sum(entry.file_size for within in by_folder.values() for entry in within) > MAX_UNPACKED_BYTES:
                raise BundleRefused(f"the zip unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MiB")
            return {folder: _read_skill(archive, within, folder) for folder, within in by_folder.items()}
    except BundleRefused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise BundleRefused(f"the zip cannot be read: {error}") from error


def _check_bounds(source: BinaryIO, most_bytes: int, most_entries: int) -> None:
    """The central directory is read whole by zipfile, and millions of empty entries fit in few bytes."""
    size = source.seek(0, 2)
    if size > most_bytes:
        raise BundleRefused(f"the zip is larger than {most_bytes // 2**20} MiB")
    source.seek(0)
    count, before = 0, b""
    while piece := source.read(_PIECE):
        # An entry may begin in one piece and end in the next.
        joined = before + piece
        count += joined.count(_ENTRY_SIGNATURE)
        before = joined[-(len(_ENTRY_SIGNATURE) - 1) :]
    if count > most_entries:
        raise BundleRefused(f"the zip has more than {most_entries} entries")
    source.seek(0)


def _skill_folders(names: Sequence[str]) -> list[str]:
    """The folders with a SKILL.md, without those inside another one; the top where there is none."""
    found: list[str] = []
    marks = [name for name in names if name.rpartition("/")[2] in (SKILL_FILE, SKILL_FILE.lower())]
    for folder in sorted({name.rpartition("/")[0] for name in marks}, key=lambda one: (len(one), one)):
        is_inside = any(not above or folder.startswith(f"{above}/") for above in found)
        if not is_inside and litter_in(folder) is None:
            found.append(folder)
    return sorted(found) or [""]


def _by_folder(
    entries: Sequence[zipfile.ZipInfo], folders: Sequence[str]
) -> dict[str, list[zipfile.ZipInfo]]:
    """The entries below each of the folders."""
    found: dict[str, list[zipfile.ZipInfo]] = {folder: [] for folder in folders}
    for entry in entries:
        parts = entry.orig_filename.split("/")
        for length in range(len(parts)):
            within = found.get("/".join(parts[:length]))
            if within is not None:
                within.append(entry)
                break
    return found


def _read_skill(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], folder: str) -> Contents:
    prefix = f"{folder}/" if folder else ""
    contents = Contents()
    with suppress(EnoughRead):
        wanted = list(_wanted(entries, prefix, contents))
        if sum(entry.file_size for _, entry in wanted) > MAX_BYTES:
            contents.refuse(BundleTooLarge(f"the zip unpacks to more than {MAX_BYTES // 2**20} MiB"))
        for path, entry in wanted:
            with _kept(contents), archive.open(entry) as member:
                content = member.read(contents.room + 1)
                mode = entry.external_attr >> 16 if entry.create_system == _UNIX else 0
                contents.add(path, content, executable=bool(mode & 0o111))
    return contents


def _wanted(
    entries: Sequence[zipfile.ZipInfo], prefix: str, contents: Contents
) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """The entries that are files of the bundle, by their path in it."""
    for entry in entries:
        path = entry.orig_filename.removeprefix(prefix)
        litter = litter_in(path)
        if litter is not None:
            contents.left_out.add(litter)
        elif not entry.is_dir():
            with _kept(contents):
                _check_kind(entry, path)
                yield path, entry


@contextmanager
def _kept(contents: Contents) -> Iterator[None]:
    try:
        yield
    except BundleRefused as refused:
        contents.refuse(refused)


def _check_kind(entry: zipfile.ZipInfo, path: str) -> None:
    """Raises BundleRefused for what is no ordinary file."""
    if entry.flag_bits & _ENCRYPTED:
        raise BundleRefused("the entry is encrypted", path)
    if entry.compress_type not in _METHODS:
        raise BundleRefused("only stored and deflated entries are read", path)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise BundleRefused("links are not allowed; put a copy of the file there", path)
    if kind not in (0, stat.S_IFREG):
        raise BundleRefused("is not a regular file", path)
