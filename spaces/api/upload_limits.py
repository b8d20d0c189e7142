"""Limits that hold while an upload still arrives."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
from rest_framework.request import Request

from spaces.errors import TooLarge
from spaces.uploads import FILE_LIMIT

REQUEST_LIMIT = 1024 * 1024 * 1024


class LimitedUpload(FileUploadHandler):
    """Stops at the first byte past the limit of a file; what it lets pass, Django's handlers keep on disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._size += len(raw_data)
        if self._size > FILE_LIMIT:
            raise TooLarge(f"A file is larger than {FILE_LIMIT} bytes.")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def limit_upload(request: Request) -> None:
    """Call it before the body is read; raises TooLarge for a request that says it is too long."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > REQUEST_LIMIT:
        raise TooLarge(f"The request is larger than {REQUEST_LIMIT} bytes.")
    request.upload_handlers.insert(0, LimitedUpload())
