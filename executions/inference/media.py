"""Pictures and sounds in results: kept as references, and which of them a request takes.

Decision: a kept message never holds their bytes. A result with media is a list of its blocks, where a line of
text stands for each medium, and its `metadata`, which no provider is sent, names their digests. The bytes are
put in place of those lines when a request goes out (`attaching`); what cannot be sent stays a line of text.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, cast

from executions.inference.interface import Json, Message

type MediaKind = Literal["image", "audio"]

KINDS: tuple[MediaKind, MediaKind] = ("image", "audio")
# Anthropic takes 5 MiB of base64 for a picture and 32 MB for a request, and with more than 20 pictures in it
# only small ones; other providers take as much.
MOST_BYTES = 5 * 1024 * 1024 * 3 // 4
MOST_BYTES_TOGETHER = 20 * 1024 * 1024
MOST_TOGETHER = 20
# What Anthropic counts for a picture of 1092 by 1092 pixels, beyond which most models scale it down.
IMAGE_TOKENS = 1600
# Gemini counts 32 tokens for a second, which is 16,000 bytes of an MP3 of 128 kbit/s.
AUDIO_BYTES_PER_TOKEN = 500
_TYPES: dict[MediaKind, frozenset[str]] = {
    "image": frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"}),
    "audio": frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/mpeg", "audio/mp3"}),
}
_MEDIA = "media"


@dataclass(frozen=True, slots=True)
class MediaReference:
    """One medium; `sha256` names its bytes in the blob storage."""

    kind: MediaKind
    sha256: str
    mime_type: str
    size_bytes: int

    @property
    def line(self) -> str:
        """What stands for it where it is not sent."""
        return line_of(self.kind, self.mime_type, self.size_bytes)

    @property
    def tokens(self) -> int:
        """About how many tokens it costs to read."""
        return IMAGE_TOKENS if self.kind == "image" else -(-self.size_bytes // AUDIO_BYTES_PER_TOKEN)

    def stored(self) -> Json:
        """The reference as JSON."""
        return {
            "kind": self.kind,
            "sha256": self.sha256,
            "mimeType": self.mime_type,
            "sizeBytes": self.size_bytes,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The reference that `stored` wrote."""
        return cls(stored["kind"], stored["sha256"], stored["mimeType"], stored["sizeBytes"])


def line_of(kind: str, mime_type: str, size_bytes: int) -> str:
    """A medium in a line of text."""
    return f"[{kind}: {mime_type}, {size_bytes} bytes]"


@dataclass(frozen=True, slots=True)
class Mixed:
    """A result of texts and media, in their order."""

    blocks: Sequence[str | MediaReference]

    def lines(self) -> list[str]:
        """Each block as text."""
        return [block if isinstance(block, str) else block.line for block in self.blocks]

    def metadata(self) -> Json:
        """What `references` reads of the part that these blocks are written to."""
        placed = enumerate(self.blocks)
        return {
            _MEDIA: [
                {"place": place, **block.stored()} for place, block in placed if not isinstance(block, str)
            ]
        }


def references(metadata: Any) -> dict[int, MediaReference] | None:
    """The media of a result by the place of their block; None for a result that is not made of blocks."""
    if not isinstance(metadata, Mapping) or _MEDIA not in metadata:
        return None
    return {one["place"]: MediaReference.read(one) for one in metadata[_MEDIA]}


def media_in(messages: Sequence[Message]) -> Iterator[MediaReference]:
    """Every medium that messages refer to, in order."""
    for message in messages:
        for part in message["parts"]:
            yield from (references(part.get("metadata")) or {}).values()


def fitting(
    messages: Sequence[Message], kinds: Collection[MediaKind], refused: Collection[str] = ()
) -> list[Message]:
    """The messages with references to those media only that one request takes, the newest first.

    `refused` are the digests of those that a provider has refused.
    """
    room = _Room(kinds, refused)
    return [_with_room(message, room) for message in reversed(messages)][::-1]


class _Room:
    """What may still be sent."""

    def __init__(self, kinds: Collection[MediaKind], refused: Collection[str]) -> None:
        self._kinds = kinds
        self._refused = refused
        self._bytes = MOST_BYTES_TOGETHER
        self._number = MOST_TOGETHER

    def take(self, media: MediaReference) -> bool:
        fits = (
            media.kind in self._kinds
            and media.mime_type.partition(";")[0].strip().lower() in _TYPES[media.kind]
            and media.sha256 not in self._refused
            and 0 < media.size_bytes <= min(MOST_BYTES, self._bytes)
            and self._number > 0
        )
        if fits:
            self._bytes -= media.size_bytes
            self._number -= 1
        return fits


def _with_room(message: Message, room: _Room) -> Message:
    parts = [_part_with_room(part, room) for part in reversed(message["parts"])][::-1]
    return {**message, "parts": parts}


def _part_with_room(part: Message, room: _Room) -> Message:
    found = references(part.get("metadata"))
    if not found:
        return part
    kept = [place for place in sorted(found, reverse=True) if room.take(found[place])]
    blocks: list[str | MediaReference] = list(cast("list[str]", part["content"]))
    for place in kept:
        blocks[place] = found[place]
    return {**part, "metadata": Mixed(blocks).metadata()}
