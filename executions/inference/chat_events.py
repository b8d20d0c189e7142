"""The events of a chat completion, from whatever body a server answered with.

A gateway may answer a request for a stream by one JSON document, a list or lines of them, with a byte order
mark, with one line end between two events, or none after the last. The library's reader takes SSE alone.
"""

import codecs
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, override

from openai._streaming import ServerSentEvent, SSEDecoder

from executions.inference.chat_fields import ChatShapes

_END: Final = b"\n\n"
_DONE: Final = "[DONE]"


class ChatEvents(SSEDecoder):
    """Decodes the body of one answer; each event that it gives holds a chunk of the documented shape."""

    def __init__(self) -> None:
        super().__init__()
        self._shapes = ChatShapes()
        self._is_over = False

    @override
    async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        async for event in super().aiter_bytes(self._framed(iterator)):
            for data in self._data_of(event):
                yield ServerSentEvent(data=data)

    @override
    def _decode_lines(self, lines: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        # As SSE wants it: bytes that are no UTF-8 spoil a character, not the answer.
        return super()._decode_lines(line.decode("utf-8", "replace").encode() for line in lines)

    async def _framed(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The body as SSE, its last event ended."""
        start = b""
        async for piece in pieces:
            start += piece
            if len(start) > len(codecs.BOM_UTF8) and start.strip():
                break
        start = start.removeprefix(codecs.BOM_UTF8)
        if start.lstrip().startswith((b"{", b"[")):
            for document in _documents(start + b"".join([piece async for piece in pieces])):
                yield b"data: " + document + _END
        else:
            yield start
            async for piece in pieces:
                yield piece
        self._is_over = True
        yield _END

    def _data_of(self, event: ServerSentEvent) -> Iterator[str]:
        """The chunks of an event, each in JSON: none where it says nothing, several where its lines are."""
        if event.data.startswith(_DONE) or not event.data.strip():
            yield from [event.data] if event.data.strip() else []
            return
        try:
            values = [json.loads(event.data)]
        except (ValueError, RecursionError):
            values = list(_lines(event.data))
            if not values:
                # Of a body that broke off the rest means nothing; the library says what is wrong with others.
                yield from [] if self._is_over else [event.data]
                return
        for value in values:
            if value == _DONE:
                yield _DONE
            elif isinstance(value, dict):
                yield json.dumps(self._shapes.sound(value, is_error=event.event == "error"))


def _lines(data: str) -> Iterator[Any]:
    """The values of lines that are each a JSON object or the end; nothing where one is neither."""
    values = []
    for line in filter(None, map(str.strip, data.split("\n"))):
        try:
            values.append(_DONE if line == _DONE else json.loads(line))
        except (ValueError, RecursionError):
            return
    yield from values


def _documents(body: bytes) -> list[bytes]:
    """The JSON documents of a body, on a line each: itself, those of its list, or its lines."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body.splitlines()
    return [json.dumps(one).encode() for one in (value if isinstance(value, list) else [value])]
