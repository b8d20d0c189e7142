"""Bytes kept by their SHA-256 in the blob storage (a folder or S3)."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO

from django.core.files import File
from django.core.files.storage import Storage, storages

from spaces.errors import TooLarge
from spaces.models import Blob

CHUNK = 1 << 20
SPOOL_BYTES = 4 << 20  # larger content waits in a file, not in memory, while it is hashed


def storage() -> Storage:
    return storages["blobs"]


def store_blob(content: BinaryIO, *, now: datetime, limit: int | None = None) -> Blob:
    """Keep the bytes once and return their row; raises TooLarge past `limit` bytes.

    Content is hashed while it is copied; storing the same bytes again only touches the row.
    The bytes are in the storage before the row exists, so a row never points at nothing.
    """
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        digest, size = _copy(content, spool, limit)
        name = blob_name(digest)
        was_there = storage().exists(name)
        if not was_there:
            _save(name, spool)
        blob = _touched_row(digest, size, now)
        # `prune` deletes bytes before it commits the end of their row: what was just there may be gone.
        if was_there and not storage().exists(name):
            _save(name, spool)
    return blob


def _save(name: str, spool: "tempfile.SpooledTemporaryFile[bytes]") -> None:
    spool.seek(0)
    storage().save(name, File(spool))


def _touched_row(digest: str, size: int, now: datetime) -> Blob:
    """The blob's row, made or touched; touching waits for whoever is deleting it, and then makes it anew."""
    while True:
        blob, was_new = Blob.objects.get_or_create(
            sha256=digest, defaults={"size_bytes": size, "created_at": now, "touched_at": now}
        )
        if was_new or Blob.objects.filter(pk=digest).update(touched_at=now):
            return blob


def _copy(
    content: BinaryIO, spool: "tempfile.SpooledTemporaryFile[bytes]", limit: int | None
) -> tuple[str, int]:
    sha, size = hashlib.sha256(), 0
    while chunk := content.read(CHUNK):
        size += len(chunk)
        if limit is not None and size > limit:
            raise TooLarge(f"The content is larger than {limit} bytes.")
        sha.update(chunk)
        spool.write(chunk)
    return sha.hexdigest(), size


@contextmanager
def open_blob(sha256: str) -> Iterator[BinaryIO]:
    """The stored bytes, open for reading; raises FileNotFoundError where the storage lost them."""
    with storage().open(blob_name(sha256), "rb") as stored:
        yield stored  # type: ignore[misc]


def signed_link(sha256: str, headers: Mapping[str, str]) -> str | None:
    """Where the storage itself hands the bytes out for a short time; None where they go through Callboard.

    `headers` holds the `Content-Type` and `Content-Disposition` that the storage is to answer with.
    """
    kept = storage()
    return kept.signed_link(blob_name(sha256), headers) if hasattr(kept, "signed_link") else None


def blob_name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
