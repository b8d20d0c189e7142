"""Read, pack and unpack a skill bundle as one verified set of files."""

import hashlib
import io
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from executions.catalog.contents import MAX_BYTES, MAX_FILES, SKILL_FILE, Contents
from executions.catalog.errors import BundleProblem, BundleRefused, BundleTampered, Findings
from executions.catalog.folders import read_folder_files
from executions.catalog.manifest import Manifest, parse_manifest
from executions.catalog.paths import refuse_collisions
from executions.catalog.zips import MAX_ENTRIES, read_zip_files

__all__ = ["Bundle", "BundleRefused", "BundleTampered", "pack", "read_folder", "read_zip", "unpack"]

DIGITS_SHOWN = 12  # of a digest that stands for a version
_DIGEST_FORMAT = b"callboard bundle 1\n"
# A tar spends up to three blocks of headers and one of padding on each file.
_MAX_PACKED = MAX_BYTES + 4096 * (MAX_FILES + 10)


@dataclass(frozen=True)
class Bundle:
    """A valid skill. `files` holds the content by path, `executables` the paths with the x bit.

    `digest` is the SHA-256 in hex of `digest_files`, the same however the bundle came in. `left_out` is what
    lay in the folder and is no part of a bundle.
    """

    manifest: Manifest
    files: dict[str, bytes]
    executables: frozenset[str]
    digest: str
    left_out: tuple[str, ...] = field(default=(), compare=False)

    @property
    def version(self) -> str:
        """Its own where that is a semantic one, else one that names the content."""
        return self.manifest.version or f"0.0.0+{self.digest[:DIGITS_SHOWN]}"

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(map(len, self.files.values()))


def read_folder(path: Path) -> Bundle:
    """The bundle in the folder `path`, whose name must be the skill's. Raises BundleRefused."""
    path = path.resolve()
    return bundle_of(read_folder_files(path), folder=path.name)


def read_zip(source: BinaryIO) -> Bundle:
    """The bundle in a zip, at its top or in its only folder with a skill. Raises BundleRefused."""
    found = read_zip_files(source, most_bytes=MAX_BYTES, most_entries=MAX_ENTRIES)
    if len(found) > 1:
        raise BundleRefused(f"the zip holds {len(found)} skills")
    ((place, contents),) = found.items()
    return bundle_of(contents, folder=place.rpartition("/")[2] or None, is_only=True)


def bundle_of(contents: Contents, *, folder: str | None, is_only: bool = False) -> Bundle:
    """The bundle that these files are; raises BundleRefused with all that is wrong.

    `folder` is the name of the folder that it lies in, None for none. Where it `is_only` one in its zip, the
    folder may have more behind the skill's name: a repository is packed under its branch.
    """
    found = Findings([*contents.problems])
    files = contents.files
    found.read(lambda: refuse_collisions(files), None)
    manifest = found.read(lambda: _manifest(files, folder, is_only=is_only), None)
    if manifest is not None and manifest.entrypoint is not None and manifest.entrypoint not in files:
        found.problems.append(
            BundleProblem(f"{manifest.entrypoint!r} is not in the bundle", "metadata.entrypoint")
        )
    found.require_none()
    assert manifest is not None  # noqa: S101 - without one there is a problem
    executables = frozenset(contents.executables)
    digest = digest_files(files, executables)
    return Bundle(manifest, files, executables, digest, tuple(sorted(contents.left_out)))


def _manifest(files: Mapping[str, bytes], folder: str | None, *, is_only: bool) -> Manifest:
    name = SKILL_FILE if SKILL_FILE in files else SKILL_FILE.lower()
    if name not in files:
        raise BundleRefused("is missing", SKILL_FILE)
    try:
        text = files[name].decode("utf-8")
    except UnicodeDecodeError:
        raise BundleRefused("is not UTF-8", SKILL_FILE) from None
    if is_only and folder is not None:
        manifest = parse_manifest(text, folder=None)
        if folder.startswith(f"{manifest.slug}-"):
            return manifest
    return parse_manifest(text, folder=folder)


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
    """Write the files of `data`, made by `pack`, below `into`, all at once.

    Raises BundleTampered, with nothing written, when they are not the files of
    `expected_digest`; OSError when `into` exists and is not empty (another process was faster),
    or its parent does not exist.
    """
    contents = read_packed(data, expected_digest=expected_digest)
    staging = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))
    try:
        staging.chmod(0o755)
        _write(contents, staging)
        # A rename is all or nothing, so nobody ever runs half a bundle.
        staging.rename(into)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def read_packed(data: bytes, *, expected_digest: str) -> Contents:
    """The files of `data`, made by `pack`; raises BundleTampered when they are not those of the digest."""
    contents = _read_packed(data)
    found = digest_files(contents.files, frozenset(contents.executables))
    if found != expected_digest:
        raise BundleTampered(f"Its digest is {found}, expected was {expected_digest}.")
    return contents


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
        # A skill copies its templates with their modes, and then writes to the copies; the files themselves
        # are mounted read-only.
        target.chmod(0o755 if path in contents.executables else 0o644)
