"""Read the files of a bundle from a zip made by anybody."""

import io
import stat
import zipfile
import zlib
from typing import BinaryIO

from executions.catalog.contents import MAX_BYTES, MAX_FILES, Contents
from executions.catalog.errors import BundleRefused
from executions.catalog.paths import checked_path, is_litter

_ENCRYPTED = 0x1 | 0x40
_ENTRY_SIGNATURE = b"PK\x01\x02"
# Entries that are folders or litter come on top of the files.
_MAX_ENTRIES = 4 * MAX_FILES
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNIX = 3


def read_zip_files(source: BinaryIO) -> Contents:
    """Every file in the zip. Nothing is written to disk, and no more is read than may be kept.

    Raises BundleRefused for what is no zip, for unsafe or repeated names, links, special files,
    encrypted entries and anything past the bounds of a bundle, declared or real.
    """
    packed = source.read(MAX_BYTES + 1)
    if len(packed) > MAX_BYTES:
        raise BundleRefused(f"the zip is larger than {MAX_BYTES // 2**20} MiB")
    # The central directory is read whole by zipfile; millions of empty entries fit in few bytes.
    if packed.count(_ENTRY_SIGNATURE) > _MAX_ENTRIES:
        raise BundleRefused(f"the zip has more than {_MAX_ENTRIES} entries")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            return _read_entries(archive)
    except BundleRefused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise BundleRefused(f"the zip cannot be read: {error}") from error


def _read_entries(archive: zipfile.ZipFile) -> Contents:
    entries = [entry for entry in archive.infolist() if _is_wanted(entry)]
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise BundleRefused(f"the zip unpacks to more than {MAX_BYTES // 2**20} MiB")
    contents = Contents()
    for entry in entries:
        with archive.open(entry) as member:
            content = member.read(contents.room + 1)
        mode = entry.external_attr >> 16 if entry.create_system == _UNIX else 0
        contents.add(entry.filename, content, executable=bool(mode & 0o111))
    return contents


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    """Whether the entry is a file of the bundle; raises BundleRefused for one that may not be."""
    name = entry.orig_filename  # what the zip says; zipfile cuts `filename` at a NUL
    checked_path(name.removesuffix("/"))
    if entry.flag_bits & _ENCRYPTED:
        raise BundleRefused("the entry is encrypted", name)
    if entry.compress_type not in _METHODS:
        raise BundleRefused("only stored and deflated entries are read", name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise BundleRefused("links are not allowed", name)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BundleRefused("is not a regular file", name)
    return not (entry.is_dir() or is_litter(name))
