"""The AI SDK's UI message stream (versions 5 to 7): server-sent events of typed chunks.

Decision: written by hand, since the library's own classes cost seconds and 60 MB of a web process. A test
holds every chunk against them.
"""

import json
from collections.abc import Iterable, Iterator
from functools import singledispatchmethod
from typing import Any, ClassVar

from objectives.chat.formats.format import DONE, EVENT_STREAM, FAILED, StreamFormat, frame, numbered
from objectives.chat.pieces import (
    ApprovalAsked,
    Begun,
    Called,
    CallFailed,
    Decided,
    Ended,
    Piece,
    ProviderNews,
    Returned,
    StepBegun,
    StepEnded,
    TextAdded,
    TextBegun,
    TextEnded,
    Thought,
)
from objectives.ids import Json

type Chunk = dict[str, Any]

_FINISH = {"stop": "stop", "tool-calls": "tool-calls", "heard": "stop", "withdrawn": "other"}


class UIMessageStream(StreamFormat):
    """One stream of chunks."""

    headers: ClassVar = {**EVENT_STREAM, "x-vercel-ai-ui-message-stream": "v1"}

    def opening(self, notes: Iterable[tuple[str, Json]]) -> bytes:
        chunks = [{"type": f"data-{name}", "data": facts, "transient": True} for name, facts in notes]
        return b": here it comes\n\n" + b"".join(frame(chunk) for chunk in chunks)

    def write(self, pieces: Iterable[Piece], number: int) -> bytes:
        return numbered([chunk for piece in pieces for chunk in self.chunks(piece)], number)

    def closing(self) -> bytes:
        return DONE

    @singledispatchmethod
    def chunks(self, piece: Piece) -> Iterator[Chunk]:
        """The chunks that a piece is."""
        raise TypeError(piece)

    @chunks.register
    def _(self, piece: Begun) -> Iterator[Chunk]:
        yield {
            "type": "start",
            "messageId": piece.message_id,
            "messageMetadata": {"thread_id": self.thread_id},
        }

    @chunks.register
    def _(self, piece: StepBegun) -> Iterator[Chunk]:
        yield {"type": "start-step"}

    @chunks.register
    def _(self, piece: TextBegun) -> Iterator[Chunk]:
        yield {"type": "text-start", "id": piece.text_id}

    @chunks.register
    def _(self, piece: TextAdded) -> Iterator[Chunk]:
        yield {"type": "text-delta", "id": piece.text_id, "delta": piece.text}

    @chunks.register
    def _(self, piece: TextEnded) -> Iterator[Chunk]:
        yield {"type": "text-end", "id": piece.text_id}
        if piece.is_dropped:
            yield {"type": "data-restarted", "data": {"text_ids": [piece.text_id]}}

    @chunks.register
    def _(self, piece: Thought) -> Iterator[Chunk]:
        yield {"type": "reasoning-start", "id": piece.thought_id}
        yield {"type": "reasoning-delta", "id": piece.thought_id, "delta": piece.text}
        yield {"type": "reasoning-end", "id": piece.thought_id}

    @chunks.register
    def _(self, piece: Called) -> Iterator[Chunk]:
        named = {"toolCallId": piece.call_id, "toolName": piece.name, "dynamic": True}
        yield {"type": "tool-input-start", **named}
        yield {"type": "tool-input-available", **named, "input": read_arguments(piece.arguments)}

    @chunks.register
    def _(self, piece: ApprovalAsked) -> Iterator[Chunk]:
        yield {
            "type": "tool-approval-request",
            "approvalId": piece.call_id,
            "toolCallId": piece.call_id,
        }

    @chunks.register
    def _(self, piece: Decided) -> Iterator[Chunk]:
        facts = {
            "tool_call_id": piece.call_id,
            "approved": piece.is_approved,
            "by": piece.by,
            "memo": piece.memo,
        }
        yield {"type": "data-approval", "id": piece.call_id, "data": facts}
        if not piece.is_approved:
            yield {"type": "tool-output-denied", "toolCallId": piece.call_id}

    @chunks.register
    def _(self, piece: Returned) -> Iterator[Chunk]:
        yield {
            "type": "tool-output-available",
            "toolCallId": piece.call_id,
            "output": piece.output,
            "dynamic": True,
        }
        for file in piece.files:
            yield {"type": "file", "url": file["url"], "mediaType": file["media_type"]}

    @chunks.register
    def _(self, piece: CallFailed) -> Iterator[Chunk]:
        yield {
            "type": "tool-output-error",
            "toolCallId": piece.call_id,
            "errorText": piece.message,
            "dynamic": True,
        }

    @chunks.register
    def _(self, piece: StepEnded) -> Iterator[Chunk]:
        if piece.usage:
            yield {"type": "message-metadata", "messageMetadata": {"usage": piece.usage}}
        yield {"type": "finish-step"}

    @chunks.register
    def _(self, piece: ProviderNews) -> Iterator[Chunk]:
        facts = {
            "available": piece.is_available,
            "message": piece.message,
            "next_try_at": piece.next_try_at,
        }
        yield {"type": "data-provider", "data": facts, "transient": True}

    @chunks.register
    def _(self, piece: Ended) -> Iterator[Chunk]:
        if piece.ending == "aborted":
            yield {"type": "abort", "reason": piece.message or "The turn was stopped."}
        elif piece.ending == "error":
            yield {"type": "error", "errorText": piece.message or FAILED}
        else:
            yield {"type": "finish", "finishReason": _FINISH[piece.ending]}


def read_arguments(text: str) -> object:
    """What a model wrote as arguments, as JSON where it is some."""
    try:
        return json.loads(text)
    except ValueError:
        return text
