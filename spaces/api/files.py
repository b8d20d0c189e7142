"""Uploading files into the caller's personal collection."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from spaces.api import docs
from spaces.api.parsing import NamedMultiPartParser
from spaces.api.uploading import limit_upload
from spaces.api.viewsets import ApiViewSet, caller_of
from spaces.errors import Invalid
from spaces.models import UploadedFile
from spaces.uploads import upload_files


class FileViewSet(ApiViewSet):
    """`POST /v1/files/`: multipart, the field `files` once or several times."""

    parser_classes = (NamedMultiPartParser,)

    @docs.upload
    def create(self, request: Request) -> Response:
        limit_upload(request)
        parts = request.FILES.getlist("files")
        if not parts:
            raise Invalid.field("body", "files", msg="Field required", kind="missing")
        files = [(part.name or "", part.file) for part in parts]
        kept = upload_files(caller=caller_of(request), files=files, now=timezone.now())
        return Response({"data": [represent_file(file) for file in kept]}, status=201)


def represent_file(file: UploadedFile) -> dict[str, str | int]:
    return {
        "id": str(file.id),
        "name": file.name,
        "size_bytes": file.blob.size_bytes,
        "sha256": file.blob.sha256,
    }
