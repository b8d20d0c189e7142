"""The assistant transport of assistant-ui: server-sent chunks, each part addressed by its place."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from objectives.chat.formats.format import (
    DENIED,
    DONE,
    EVENT_STREAM,
    FAILED,
    StreamFormat,
    finish_reason,
    frame,
    usage,
)
from objectives.chat.pieces import (
    Begun,
    Called,
    CallFailed,
    Decided,
    Ended,
    Piece,
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


class AssistantTransport(StreamFormat):
    """One stream; `_parts` is how many parts there are, `_calls` the places of those that are calls."""

    headers: ClassVar = EVENT_STREAM
    silence: ClassVar = b": heartbeat\n\n"

    def __init__(self, thread_id: str) -> None:
        super().__init__(thread_id)
        self._parts = 0
        self._calls: dict[str, int] = {}

    def opening(self, notes: Iterable[tuple[str, Json]]) -> bytes:
        return frame({"type": "data", "data": [{"type": n, **facts} for n, facts in notes], "path": []})

    def write(self, pieces: Iterable[Piece], number: int) -> bytes:
        return b"".join(frame(chunk) for piece in pieces for chunk in self._chunks(piece))

    def closing(self) -> bytes:
        return DONE

    def _chunks(self, piece: Piece) -> Iterator[Chunk]:  # noqa: C901, PLR0912 - one case a piece
        match piece:
            case Begun():
                return
            case StepBegun():
                yield {"type": "step-start", "messageId": "", "path": []}
            case TextBegun():
                yield self._begin({"type": "text"})
            case TextAdded(text=text):
                yield {"type": "text-delta", "textDelta": text, "path": [self._parts - 1]}
            case TextEnded():
                yield {"type": "part-finish", "path": [self._parts - 1]}
            case Thought(text=text):
                yield self._begin({"type": "reasoning"})
                yield {"type": "text-delta", "textDelta": text, "path": [self._parts - 1]}
                yield {"type": "part-finish", "path": [self._parts - 1]}
            case Called(call_id=call_id, name=name, arguments=arguments):
                yield self._begin({"type": "tool-call", "toolCallId": call_id, "toolName": name})
                place = self._parts - 1
                self._calls = {**self._calls, call_id: place}
                yield {"type": "text-delta", "textDelta": arguments, "path": [place]}
                yield {"type": "tool-call-args-text-finish", "path": [place]}
            case Decided(call_id=call_id, is_approved=False, memo=memo):
                yield from self._result(call_id, memo or DENIED, is_error=True)
            case Returned(call_id=call_id, output=output):
                yield from self._result(call_id, output, is_error=False)
            case CallFailed(call_id=call_id, message=message):
                yield from self._result(call_id, message, is_error=True)
            case StepEnded(usage=tokens, has_calls=has_calls):
                reason = "tool-calls" if has_calls else "stop"
                yield {
                    "type": "step-finish",
                    "finishReason": reason,
                    "isContinued": has_calls,
                    **_use(tokens),
                }
            case Ended(ending=ending, message=message):
                if ending == "error":
                    yield {"type": "error", "error": message or FAILED, "path": []}
                yield {"type": "message-finish", "finishReason": finish_reason(ending), **_use({})}

    def _begin(self, part: Chunk) -> Chunk:
        self._parts += 1
        return {"type": "part-start", "part": part, "path": []}

    def _result(self, call_id: str, result: object, *, is_error: bool) -> Iterator[Chunk]:
        place = self._calls.get(call_id)
        if place is not None:  # else the client has the call from another stream
            yield {"type": "result", "result": result, "isError": is_error, "path": [place]}
            yield {"type": "part-finish", "path": [place]}


def _use(tokens: Json) -> Json:
    return {"usage": usage(tokens), "path": []}
