"""Uploading files into a principal's collection, and finding them by name."""

import unicodedata
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

from spaces.access import Caller
from spaces.blobs import store_blob
from spaces.errors import Invalid
from spaces.models import UploadedFile

FILE_LIMIT = 100 * 1024 * 1024
NAME_LIMIT = 255
# Controls, halves of signs, line and paragraph separators; all other signs may be in a name.
_UNFIT = {"Cc", "Cs", "Zl", "Zp"}


def upload_file(*, caller: Caller, name: str, content: BinaryIO, now: datetime) -> UploadedFile:
    """Keep one file of at most 100 MiB; raises TooLarge or Invalid naming the field."""
    return upload_files(caller=caller, files=[(name, content)], now=now)[0]


def upload_files(
    *, caller: Caller, files: Sequence[tuple[str, BinaryIO]], now: datetime
) -> list[UploadedFile]:
    """Keep all of the files, given as (name, content), or none of them; raises as `upload_file` does.

    The bytes are stored before the transaction opens: storing takes as long as the disk or S3 takes, and
    two uploads of the same contents in another order would wait for each other's rows. A blob that nothing
    points at yet is safe from `prune` for a day.
    """
    caller.require("files:manage")
    tenant_id = caller.principal.tenant_id
    if tenant_id is None:
        raise Invalid.field("body", "files", msg="Operators have no personal collection.")
    for name, _ in files:
        _check_name(name)
    blobs = [store_blob(content, now=now, limit=FILE_LIMIT) for _, content in files]
    rows = [
        UploadedFile(tenant_id=tenant_id, principal=caller.principal, name=name, blob=blob, created_at=now)
        for (name, _), blob in zip(files, blobs, strict=True)
    ]
    return UploadedFile.objects.bulk_create(rows)


def newest_files(*, principal_id: uuid.UUID, names: Sequence[str]) -> list[UploadedFile]:
    """The newest file of each name in this principal's collection; names it does not hold are left out."""
    return list(
        UploadedFile.objects.filter(principal_id=principal_id, name__in=list(names))
        .order_by("name", "-created_at", "-id")
        .distinct("name")
    )


def _check_name(name: str) -> None:
    unfit = any(unicodedata.category(one) in _UNFIT for one in name)
    if (
        not name
        or name in {".", ".."}
        or "/" in name
        or "\\" in name
        or unfit
        or len(name.encode()) > NAME_LIMIT
    ):
        raise Invalid.field(
            "body", "files", msg="A file needs a plain name of at most 255 bytes.", value=name
        )
