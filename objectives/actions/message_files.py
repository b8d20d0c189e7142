"""Files that are sent along with a message: found by name, kept as long as it is."""

import mimetypes
import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from objectives.ids import Json
from objectives.models import MessageFile, UserMessage
from spaces.errors import Invalid
from spaces.models import UploadedFile
from spaces.uploads import newest_files

MOST_FILES = 20  # of one message
UNKNOWN_TYPE = "application/octet-stream"


class KeptFile(NamedTuple):
    """A file whose bytes are in the blob storage."""

    name: str
    mime_type: str
    sha256: str
    size_bytes: int


def files_named(names: Sequence[str], principal_id: uuid.UUID, *loc: str | int) -> list[KeptFile]:
    """The newest files of these names in somebody's collection, in that order; raises Invalid at `loc`."""
    if len(names) > MOST_FILES:
        raise Invalid.field(*loc, msg=f"A message takes at most {MOST_FILES} files.")
    found = {row.name: row for row in _newest(principal_id, names)}
    for place, name in enumerate(names):
        if name not in found:
            message = "You have uploaded no file of this name."
            raise Invalid.field(*loc, place, msg=message, value=name[:200])
    blobs = [(name, found[name].blob) for name in dict.fromkeys(names)]
    return [
        KeptFile(name, mimetypes.guess_type(name)[0] or UNKNOWN_TYPE, blob.sha256, blob.size_bytes)
        for name, blob in blobs
    ]


def _newest(principal_id: uuid.UUID, names: Sequence[str]) -> Iterable[UploadedFile]:
    return newest_files(principal_id=principal_id, names=names) if names else ()


def attach_files(messages: Iterable[tuple[UserMessage, Sequence[KeptFile]]]) -> None:
    """Keep files with the messages that they were sent with; part of the caller's transaction."""
    rows = [
        MessageFile(
            id=file_id(message.id, place),
            message=message,
            place=place,
            name=file.name,
            mime_type=file.mime_type,
            blob_id=file.sha256,
        )
        for message, files in messages
        for place, file in enumerate(files)
    ]
    if rows:
        MessageFile.objects.bulk_create(rows)


def file_id(message_id: uuid.UUID, place: int) -> uuid.UUID:
    """The id of a message's file, which follows from where it stands."""
    return uuid.uuid5(message_id, str(place))


def file_facts(files: Sequence[KeptFile]) -> Json:
    """What the message's event says of them; nothing where there are none."""
    return {"files": [file._asdict() for file in files]} if files else {}


def told_model(content: str, files: Sequence[KeptFile]) -> str:
    """What the model reads of a message: with the names by which its tools take the files."""
    if not files:
        return content
    names = ", ".join(file.name for file in files)
    return f"{content}\n\n(Uploaded files: {names})"


def kept_files(stored: Iterable[Json]) -> list[KeptFile]:
    """Files as an event or a queued message has them."""
    return [KeptFile(**file) for file in stored]
