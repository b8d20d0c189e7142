"""Sending stored bytes: in parts, resumable, and harmless to the browser that shows them."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files import File
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from spaces.blobs import blob_name, signed_link, storage
from spaces.errors import NotFound, NotPermitted
from spaces.models import Blob
from spaces.signing import BadToken, verify

BLOCK = 256 * 1024
# What a browser may show by itself: pictures that cannot carry a script.
_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


RANGE = OpenApiParameter(
    "Range", str, OpenApiParameter.HEADER, description="One range of bytes, e.g. `bytes=0-1023`."
)


def bytes_of(content_type: str, meaning: str) -> dict[Any, tuple[Any, str]]:
    """The answers of an operation that sends bytes, as the document describes them."""
    return {
        (200, content_type): (OpenApiTypes.BINARY, meaning),
        (206, content_type): (OpenApiTypes.BINARY, "The range of bytes."),
        302: (None, "To the storage, by a link that lives for five minutes, where the deployment says so."),
        304: (None, "Not changed since the `ETag` of `If-None-Match`."),
        416: (None, "There are no bytes in this range."),
    }


def require_link(request: Request, kind: str, row_id: uuid.UUID, *, read_again: str) -> None:
    """The request's `token` opens this row, whoever sends it; raises NotPermitted for any other."""
    try:
        verify(kind, row_id, request.query_params.get("token", ""))
    except BadToken as error:
        raise NotPermitted(f"This link is invalid or has expired. Read {read_again} again.") from error


@dataclass(frozen=True, slots=True)
class Download:
    """Stored bytes and what they are called and contain."""

    blob: Blob
    name: str
    content_type: str


class Part:
    """Some bytes of an open file, read block by block; whoever is done with it closes it."""

    def __init__(self, stored: "File[bytes]", start: int, length: int) -> None:
        self._stored, self._start, self._length = stored, start, length
        self.close = stored.close

    def __iter__(self) -> Iterator[bytes]:
        self._stored.seek(self._start)
        left = self._length
        while left > 0 and (block := self._stored.read(min(BLOCK, left))):
            left -= len(block)
            yield block


def send_blob(request: Request, download: Download) -> HttpResponseBase:
    """The bytes, or the part that `Range` asks for, or 304 or 416; raises NotFound where they are lost.

    A redirect where the storage hands out its bytes itself; such a link is signed for GET alone.
    """
    etag, size = f'"{download.blob.sha256}"', download.blob.size_bytes
    headers = _headers(download, etag)
    unchanged = get_conditional_response(request, etag=etag, response=HttpResponse(headers=headers))
    if unchanged is not None and unchanged.status_code != 200:
        return unchanged
    link = signed_link(download.blob.sha256, headers) if request.method == "GET" else None
    if link is not None:
        return HttpResponseRedirect(link, headers={"Cache-Control": "no-store"})
    wanted = _wanted(request, etag, size)
    start, end = wanted or (0, size)
    if wanted and start >= end:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    try:
        stored = storage().open(blob_name(download.blob.sha256), "rb")
    except FileNotFoundError as error:
        raise NotFound from error
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    part = Part(stored, start, end - start)
    return StreamingHttpResponse(part, status=206 if wanted else 200, headers=headers)


def _headers(download: Download, etag: str) -> dict[str, str]:
    is_shown = download.content_type in _INLINE
    return {
        "Content-Type": download.content_type,
        "Content-Disposition": content_disposition_header(not is_shown, download.name) or "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=900",
        "ETag": etag,
    }


def _wanted(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None for no range, one that is malformed or of several parts.

    One that spans everything is a range all the same: players ask so whether they can seek.
    """
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    is_older = request.headers.get("If-Range", etag) != etag
    if match is None or match[1] == match[2] == "" or is_older or not size:
        return None
    if match[1] == "":
        return max(0, size - int(match[2])) if int(match[2]) else size, size
    return int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
