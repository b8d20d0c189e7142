"""A tool call's result: how its blocks are kept, how the API shows them, and what a model reads.

A kept block is `{"type": "text", "text": …}` or `{"type": "image" | "audio", "media_id": …, "mime_type": …,
"size_bytes": …}`. Media have a URL only while somebody reads: it is signed anew each time.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import BinaryIO, Literal

from executions.inference.media import MediaReference, Mixed, line_of
from objectives.models import ResultMedia, ToolCall
from objectives.results.outcome import Media, Text
from objectives.spelling import Json, wire_moment
from spaces.blobs import store_blob
from spaces.ids import new_id
from spaces.signing import expiry, sign

MEDIA_TOKEN = "result-media"  # noqa: S105 - the kind of thing that a token is signed for


def store_blocks(call: ToolCall, drafts: Sequence[Text | Media]) -> list[Json]:
    """The blocks to keep as a locked call's `result`; writes the rows that hold its media.

    Part of the caller's transaction; the bytes of media are in the blob storage already.
    """
    blocks: list[Json] = []
    media: list[ResultMedia] = []
    for place, draft in enumerate(drafts):
        if isinstance(draft, Text):
            blocks.append({"type": "text", "text": draft.text})
            continue
        row = ResultMedia(
            id=new_id(), tool_call=call, place=place, blob_id=draft.sha256, mime_type=draft.mime_type
        )
        media.append(row)
        block = {"type": draft.kind, "media_id": str(row.id)}
        blocks.append({**block, "mime_type": draft.mime_type, "size_bytes": draft.size_bytes})
    ResultMedia.objects.bulk_create(media)
    return blocks


def keep_media(content: BinaryIO, mime_type: str, *, now: datetime) -> Media:
    """An image or a sound (`media_type` says so) for `store_blocks`, its bytes stored."""
    blob = store_blob(content, now=now)
    kind: Literal["image", "audio"] = "image" if mime_type.startswith("image/") else "audio"
    return Media(kind, blob.sha256, mime_type, blob.size_bytes)


def show_blocks(blocks: Sequence[Json], *, base_url: str, now: datetime) -> list[Json]:
    """The blocks as the API writes them, each media block with a URL that lives for 15 minutes."""
    return [_shown(block, base_url, now) for block in blocks]


def tell_model(blocks: Sequence[Json]) -> str:
    """What the model reads of a result: its text, and of media that they are there."""
    texts = [
        block["text"]
        if block["type"] == "text"
        else line_of(block["type"], block["mime_type"], block["size_bytes"])
        for block in blocks
    ]
    return "\n".join(texts)


def show_model(blocks: Sequence[Json], digests: Mapping[str, str]) -> str | Mixed:
    """What the model is sent of a result: as `tell_model`, but for media, which go along by reference.

    `digests` names the bytes of media by their id; what it lacks is a line of text.
    """
    mixed = [_referred(block, digests) for block in blocks]
    return tell_model(blocks) if all(isinstance(block, str) for block in mixed) else Mixed(mixed)


def _referred(block: Json, digests: Mapping[str, str]) -> str | MediaReference:
    digest = digests.get(block.get("media_id", ""))
    if digest is None:
        return tell_model([block])
    return MediaReference(block["type"], digest, block["mime_type"], block["size_bytes"])


def media_path(media_id: uuid.UUID) -> str:
    """The path under which a media block's bytes are read, signed now."""
    return f"/v1/media/{media_id}?token={sign(MEDIA_TOKEN, media_id)}"


def _shown(block: Json, base_url: str, now: datetime) -> Json:
    kind = block["type"]
    if kind == "text":
        text = block["text"]
        return {"type": kind, kind: {"text": text, "sizeBytes": str(len(text.encode()))}}
    return {
        "type": kind,
        kind: {
            "url": base_url + media_path(uuid.UUID(block["media_id"])),
            "mimeType": block["mime_type"],
            "sizeBytes": str(block["size_bytes"]),
            "expiresAt": wire_moment(expiry(now)),
        },
    }
