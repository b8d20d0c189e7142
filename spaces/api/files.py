"""Uploading files into the caller's personal collection."""

from django.utils import timezone
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from spaces.api.json_parsing import NamedMultiPartParser
from spaces.api.operations import operation
from spaces.api.upload_limits import limit_upload
from spaces.api.viewsets import ApiViewSet, caller_of
from spaces.errors import Invalid
from spaces.models import UploadedFile
from spaces.uploads import upload_files


class UploadedFileItem(BaseModel):
    """A file in the caller's collection."""

    id: str = Field(description="The upload.")
    name: str = Field(description="Its name, by which a start refers to it.", examples=["sales.csv"])
    size_bytes: int = Field(description="How many bytes it has.")
    sha256: str = Field(description="SHA-256 of its bytes, 64 hexadecimal digits.")


class FilesAnswer(BaseModel):
    """The files that an upload made."""

    data: list[UploadedFileItem] = Field(description="One item for each file, in the order they were sent.")


_UPLOAD = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "description": "One or several files of at most 100 MiB each, 1 GiB together.",
            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        }
    },
}


class FileViewSet(ApiViewSet):
    """`POST /v1/files/`: multipart, the field `files` once or several times."""

    parser_classes = (NamedMultiPartParser,)

    @operation(
        "uploadFiles",
        "Upload files",
        tag="files",
        body={"multipart/form-data": _UPLOAD},
        answers={201: (FilesAnswer, "The files.")},
        errors=[413, 415],
        examples={
            "answer": {
                "data": [
                    {
                        "id": "01a203d7-a422-7298-af07-d721b3287b2b",
                        "name": "sales.csv",
                        "size_bytes": 5120,
                        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    }
                ]
            }
        },
    )
    def create(self, request: Request) -> Response:
        """Keeps files in the caller's personal collection, from which a start takes them by name; of several
        with one name the newest counts.

        Needs `files:manage`. All files of a request are kept, or none.
        """
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
