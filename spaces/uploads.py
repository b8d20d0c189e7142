"""Uploading files into a principal's collection, and finding them by name."""

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


def upload_file(*, caller: Caller, name: str, content: BinaryIO, now: datetime) -> UploadedFile:
    """Keep one file of at most 100 MiB; raises TooLarge or Invalid naming the field."""
    caller.require("files:manage")
    if caller.principal.tenant_id is None:
        raise Invalid.field("body", "files", msg="An operator has no collection.")
    _check_name(name)
    blob = store_blob(content, now=now, limit=FILE_LIMIT)
    return UploadedFile.objects.create(
        tenant_id=caller.principal.tenant_id, principal=caller.principal, name=name, blob=blob, created_at=now
    )


def newest_files(*, principal_id: uuid.UUID, names: Sequence[str]) -> list[UploadedFile]:
    """The newest file of each name in this principal's collection; names it does not hold are left out."""
    return list(
        UploadedFile.objects.filter(principal_id=principal_id, name__in=list(names))
        .order_by("name", "-created_at")
        .distinct("name")
    )


def _check_name(name: str) -> None:
    bad = not name or name in {".", ".."} or "/" in name or "\\" in name or not name.isprintable()
    if bad or len(name.encode()) > NAME_LIMIT:
        raise Invalid.field(
            "body", "files", msg="A file needs a plain name of at most 255 bytes.", value=name
        )
