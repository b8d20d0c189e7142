"""Descriptions: files and tickets."""

from pydantic import BaseModel, Field

from spaces.api.describing import described


class UploadedFileItem(BaseModel):
    """A file in the caller's collection."""

    id: str = Field(description="The upload.")
    name: str = Field(description="Its name, by which a start refers to it.", examples=["sales.csv"])
    size_bytes: int = Field(description="How many bytes it has.")
    sha256: str = Field(description="SHA-256 of its bytes, 64 hexadecimal digits.")


class FilesAnswer(BaseModel):
    """The files that an upload made."""

    data: list[UploadedFileItem] = Field(description="One item for each file, in the order they were sent.")


class TicketItem(BaseModel):
    """A ticket for one websocket."""

    ticket: str = Field(description="Send it as `?ticket=` to `/v1/ws`, once.")
    expires_at: str = Field(
        description="When it is over, RFC 3339 in UTC: after 60 seconds.", examples=["2026-11-22T12:01:00Z"]
    )


class TicketAnswer(BaseModel):
    """A new ticket."""

    data: TicketItem = Field(description="The ticket.")


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

upload = described(
    "uploadFiles",
    "Upload files",
    tag="files",
    description=(
        "Keeps files in the caller's personal collection, from which a start takes them by name; "
        "of several with one name the newest counts."
    ),
    request={"multipart/form-data": _UPLOAD},
    answers={201: (FilesAnswer, "The files.")},
    errors=[413, 415],
)
ticket = described(
    "createTicket",
    "Get a ticket for the websocket",
    tag="live",
    description=(
        "Browsers cannot send a key in a websocket's headers: a ticket stands for the caller once, for 60 s."
    ),
    answers={201: (TicketAnswer, "The ticket.")},
)
