"""Read, pack and unpack a skill bundle as one verified set of files."""

import hashlib
import io
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from executions.catalog.contents import MAX_BYTES, MAX_FILES, Contents
from executions.catalog.errors import BundleRefused, BundleTampered
from executions.catalog.folders import read_folder_files
from executions.catalog.manifest import Manifest, parse_manifest
from executions.catalog.paths import refuse_collisions
from executions.catalog.zips import read_zip_files

__all__ = ["Bundle", "BundleRefused", "BundleTampered", "pack", "read_folder", "read_zip", "unpack"]

SKILL_FILE = "SKILL.md"
_DIGEST_FORMAT = b"callboard bundle 1\n"
# A tar spends up to three blocks of headers and one of padding on each file.
_MAX_PACKED = MAX_BYTES + 4096 * (MAX_FILES + 10)


@dataclass(frozen=True)
class Bundle:
    """A valid skill. `files` holds the content by path, `executables` the paths with the x bit.

    `digest` is the SHA-256 in hex of `digest_files`, the same however the bundle came in.
    """

    manifest: Manifest
    files: dict[str, bytes]
    executables: frozenset[str]
    digest: str


def read_folder(path: Path) -> Bundle:
    """The bundle in the folder `path`, whose name must be the skill's. Raises BundleRefused."""
    path = path.resolve()
    return _bundle(read_folder_files(path), folder=path.name)


def read_zip(source: BinaryIO) -> Bundle:
    """The bundle in a zip, at its top or in its only folder. Raises BundleRefused."""
    contents = read_zip_files(source)
    if SKILL_FILE in contents.files:
        return _bundle(contents, folder=None)
    tops = {path.split("/")[0] for path in contents.files}
    if len(tops) != 1:
        raise BundleRefused("is neither at the top of the zip nor in its only folder", SKILL_FILE)
    folder = tops.pop()
    inner = Contents()
    for path, content in contents.files.items():
        inner.add(path.removeprefix(f"{folder}/"), content, executable=path in contents.executables)
    return _bundle(inner, folder=folder)


def _bundle(contents: Contents, *, folder: str | None) -> Bundle:
    files = contents.files
    refuse_collisions(files)
    if SKILL_FILE not in files:
        raise BundleRefused("is missing", SKILL_FILE)
    try:
        text = files[SKILL_FILE].decode("utf-8")
    except UnicodeDecodeError:
        raise BundleRefused("is not UTF-8", SKILL_FILE) from None
    manifest = parse_manifest(text, folder=folder)
    if manifest.entrypoint is not None and manifest.entrypoint not in files:
        raise BundleRefused(f"{manifest.entrypoint!r} is not in the bundle", "metadata.entrypoint")
    executables = frozenset(contents.executables)
    return Bundle(manifest, files, executables, digest_files(files, executables))


def digest_files(files: Mapping[str, bytes], executables: frozenset[str]) -> str:
    """SHA-256 in hex over every path, x bit and content, each with its length, sorted by path."""
    digest = hashlib.sha256(_DIGEST_FORMAT)
    for path in sorted(files):
        name, content = path.encode(), files[path]
        mark = b"x" if path in executables else b"-"
        digest.update(b"%d:%b%b%d:" % (len(name), name, mark, len(content)))
        digest.update(content)
    return digest.hexdigest()


def pack(bundle: Bundle) -> bytes:
    """The bundle as an uncompressed tar: the same bytes for the same files, on any machine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(bundle.files):
            member = tarfile.TarInfo(path)
            member.size = len(bundle.files[path])
            member.mode = 0o755 if path in bundle.executables else 0o644
            archive.addfile(member, io.BytesIO(bundle.files[path]))
    return packed.getvalue()


def unpack(data: bytes, into: Path, *, expected_digest: str) -> None:
    """Write the files of `data`, made by `pack`, below `into`, read-only, all at once.

    Raises BundleTampered, with nothing written, when they are not the files of
    `expected_digest`; OSError when `into` exists and is not empty (another process was faster),
    or its parent does not exist.
    """
    contents = _read_packed(data)
    found = digest_files(contents.files, frozenset(contents.executables))
    if found != expected_digest:
        raise BundleTampered(f"Its digest is {found}, expected was {expected_digest}.")
    staging = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))
    try:
        staging.chmod(0o755)
        _write(contents, staging)
        # A rename is all or nothing, so nobody ever runs half a bundle.
        staging.rename(into)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _read_packed(data: bytes) -> Contents:
    contents = Contents()
    if len(data) > _MAX_PACKED:
        raise BundleTampered("It is too large.")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                source = archive.extractfile(member) if member.isreg() else None
                # A sparse member claims bytes that are not there.
                if source is None or member.issparse():
                    raise BundleTampered(f"{member.name!r} is not a regular file.")
                content = source.read(contents.room + 1)
                contents.add(member.name, content, executable=bool(member.mode & 0o111))
    except (tarfile.TarError, BundleRefused) as error:
        raise BundleTampered(f"It cannot be read: {error}.") from error
    return contents


def _write(contents: Contents, folder: Path) -> None:
    for path, content in contents.files.items():
        target = folder / path
        for parent in reversed(target.relative_to(folder).parents[:-1]):
            (folder / parent).mkdir(exist_ok=True)
            # The sandbox reads as another user, whatever this process's umask is.
            (folder / parent).chmod(0o755)
        target.write_bytes(content)
        target.chmod(0o555 if path in contents.executables else 0o444)
