"""Putting the bytes of media into the messages of a request."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic_ai.messages import BinaryContent, ModelMessage, ModelRequest, ModelRequestPart, ToolReturnPart

from executions.inference import interface
from executions.inference.choices import ModelChoice
from executions.inference.media import MOST_BYTES, MediaReference, fitting, media_in, references
from executions.inference.providers import accepted_media
from spaces.blobs import open_blob

logger = logging.getLogger(__name__)

# How a file of each type begins, its 9th to 12th byte with it where the first four leave it open.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", b"", "image/png"),
    (b"\xff\xd8\xff", b"", "image/jpeg"),
    (b"GIF8", b"", "image/gif"),
    (b"RIFF", b"WEBP", "image/webp"),
    (b"RIFF", b"WAVE", "audio/wav"),
    (b"ID3", b"", "audio/mpeg"),
    *((bytes([0xFF, second]), b"", "audio/mpeg") for second in (0xFB, 0xFA, 0xF3, 0xF2)),
)


def fitted(request: interface.ModelRequest, choice: ModelChoice) -> interface.ModelRequest:
    """The request with references to those media only that the model takes; raises ModelRefused."""
    if next(media_in(request.messages), None) is None:
        return request
    messages = fitting(request.messages, accepted_media(choice), request.refused_media)
    return replace(request, messages=messages)


class Attachments:
    """Reads media from the blob storage; `sent` are those that were there, in order."""

    def __init__(self) -> None:
        self.sent: list[MediaReference] = []

    def fill(self, messages: Sequence[ModelMessage]) -> list[ModelMessage]:
        """The messages with the bytes in place of the references; a missing medium stays a line of text."""
        return [
            replace(message, parts=[self._filled(part) for part in message.parts])
            if isinstance(message, ModelRequest)
            else message
            for message in messages
        ]

    def _filled(self, part: ModelRequestPart) -> ModelRequestPart:
        found = references(part.metadata) if isinstance(part, ToolReturnPart) else None
        return part if found is None else self._with_files(cast("ToolReturnPart[Any]", part), found)

    def _with_files(
        self, part: ToolReturnPart[Any], found: Mapping[int, MediaReference]
    ) -> ToolReturnPart[Any]:
        items: list[str | BinaryContent] = []
        for place, line in enumerate(cast("list[str]", part.content)):
            content = self._content(found[place]) if place in found else None
            if content is not None:
                items.append(content)
            elif items and isinstance(items[-1], str):
                items[-1] += f"\n{line}"
            else:
                items.append(line)
        only_text = len(items) == 1 and isinstance(items[0], str)
        return replace(part, content=items[0] if only_text else items, metadata=None)

    def _content(self, media: MediaReference) -> BinaryContent | None:
        data = _read(media)
        mime_type = None if data is None else type_of(data)
        if data is None or mime_type is None or not mime_type.startswith(f"{media.kind}/"):
            return None
        self.sent.append(media)
        return BinaryContent(data, media_type=mime_type)


def type_of(data: bytes) -> str | None:
    """The type that content has by how it begins, whatever it is said to be; None for what no model takes.

    Providers refuse a whole request for one picture that is no picture, or one of another type.
    """
    for first, later, mime_type in _SIGNATURES:
        if data.startswith(first) and data[8:12].startswith(later):
            return mime_type
    return None


def _read(media: MediaReference) -> bytes | None:
    try:
        with open_blob(media.sha256) as stored:
            data = stored.read(MOST_BYTES + 1)
    except Exception:
        # Each kind of storage fails in ways of its own, and a picture is no reason to end the work.
        logger.warning("The blob %s cannot be read for a model", media.sha256, exc_info=True)
        return None
    return data if len(data) <= MOST_BYTES else None
