"""A tool call's result: how its blocks are kept, how the API shows them, and what a model reads.

A kept block is `{"type": "text", "text": …}` or `{"type": "image" | "audio", "media_id": …, "mime_type": …,
"size_bytes": …}`. A text that stands for more, of which it is head and tail, or for a file that is no text,
has `whole_id`, `mime_type` and `size_bytes` of that. Bytes have a URL only while somebody reads: it is signed
anew each time.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import BinaryIO, Literal

from executions.inference.media import MediaReference, Mixed, line_of
from objectives.ids import Json, Prefix, spell, wire_moment
from objectives.models import ResultMedia, ToolCall
from objectives.tool_results.outcome import Cut, Draft, Media, Text
from spaces.blobs import store_blob
from spaces.ids import new_id
from spaces.signing import expiry, signed_path

MEDIA_TOKEN = "result-media"  # noqa: S105 - the kind of thing that a token is signed for


def store_blocks(call: ToolCall, drafts: Sequence[Draft], *, reader: str = "") -> list[Json]:
    """The blocks to keep as a locked call's `result`; writes the rows that hold its media.

    `reader` is the function by which the model reads on in texts that are cut. Part of the caller's
    transaction; the bytes are in the blob storage already.
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
        bytes_of = {"mime_type": draft.mime_type, "size_bytes": draft.size_bytes}
        if isinstance(draft, Cut):
            text = _with_mark(draft, spell(Prefix.TOOL_CALL, call.id), place, reader)
            blocks.append({"type": "text", "text": text, "whole_id": str(row.id), **bytes_of})
        elif draft.kind == "file":
            line = line_of(draft.kind, draft.mime_type, draft.size_bytes)
            blocks.append({"type": "text", "text": line, "whole_id": str(row.id), **bytes_of})
        else:
            blocks.append({"type": draft.kind, "media_id": str(row.id), **bytes_of})
    ResultMedia.objects.bulk_create(media)
    return blocks


def _with_mark(draft: Cut, call_id: str, place: int, reader: str) -> str:
    """Head and tail, and between them what is missing and how to read it."""
    missing = draft.characters - len(draft.head) - len(draft.tail)
    block = f", block {place}" if place else ""
    where = f"tool_call_id {call_id}{block}, offset {len(draft.head)}"
    left_out = f"{missing:,} characters left out of {draft.characters:,}"
    return f"{draft.head}\n[… {left_out}; call {reader} with {where} to read more …]\n{draft.tail}"


def keep_media(content: BinaryIO, mime_type: str, *, now: datetime, is_file: bool = False) -> Media:
    """An image or a sound (`media_type` says so), or another file, for `store_blocks`, its bytes stored."""
    blob = store_blob(content, now=now)
    kind: Literal["image", "audio"] = "image" if mime_type.startswith("image/") else "audio"
    return Media("file" if is_file else kind, blob.sha256, mime_type, blob.size_bytes)


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
    return signed_path("media", media_id, kind=MEDIA_TOKEN)


def _shown(block: Json, base_url: str, now: datetime) -> Json:
    kind = block["type"]
    if kind == "text":
        text = block["text"]
        whole = {"whole": _link(block, "whole_id", base_url, now)} if "whole_id" in block else {}
        return {"type": kind, kind: {"text": text, "sizeBytes": str(len(text.encode())), **whole}}
    return {"type": kind, kind: _link(block, "media_id", base_url, now)}


def _link(block: Json, key: str, base_url: str, now: datetime) -> Json:
    return {
        "url": base_url + media_path(uuid.UUID(block[key])),
        "mimeType": block["mime_type"],
        "sizeBytes": str(block["size_bytes"]),
        "expiresAt": wire_moment(expiry(now)),
    }
