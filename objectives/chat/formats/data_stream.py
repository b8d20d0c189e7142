"""The data stream (version 1) of assistant-ui and the AI SDK 4: on each line a letter, a colon and JSON."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from executions.runs.live.json_encoder import dump
from objectives.chat.formats.format import DENIED, FAILED, UNBUFFERED, StreamFormat, finish_reason, usage
from objectives.chat.pieces import (
    ApprovalAsked,
    Begun,
    Called,
    CallFailed,
    Decided,
    Ended,
    Piece,
    Returned,
    StepEnded,
    TextAdded,
    Thought,
)
from objectives.ids import Json


class DataStream(StreamFormat):
    """One stream of lines."""

    headers: ClassVar = {
        "content-type": "text/plain; charset=utf-8",
        **UNBUFFERED,
        "x-vercel-ai-data-stream": "v1",
    }
    silence: ClassVar = b"\n"

    def opening(self, notes: Iterable[tuple[str, Json]]) -> bytes:
        return _line("2", [{"type": name, **facts} for name, facts in notes])

    def write(self, pieces: Iterable[Piece], number: int) -> bytes:
        """No numbers: this format cannot be resumed."""
        return b"".join(line for piece in pieces for line in _lines(piece))


def _lines(piece: Piece) -> Iterator[bytes]:  # noqa: C901 - one case a piece
    match piece:
        case Begun(message_id=message_id):
            yield _line("f", {"messageId": message_id})
        case TextAdded(text=text):
            yield _line("0", text)
        case Thought(text=text):
            yield _line("g", text)
        case Called(call_id=call_id, name=name, arguments=arguments):
            yield _line("b", {"toolCallId": call_id, "toolName": name})
            yield _line("c", {"toolCallId": call_id, "argsTextDelta": arguments})
        case ApprovalAsked(call_id=call_id):
            yield _line("8", [{"type": "approval-requested", "tool_call_id": call_id}])
        case Decided(call_id=call_id, is_approved=is_approved, by=by, memo=memo):
            about = {"type": "approval", "tool_call_id": call_id, "approved": is_approved, "by": by}
            yield _line("8", [about])
            if not is_approved:
                told = memo or DENIED
                yield _line("a", {"toolCallId": call_id, "result": told, "isError": True})
        case Returned(call_id=call_id, output=output, files=files):
            artifact = {"artifact": {"files": list(files)}} if files else {}
            yield _line("a", {"toolCallId": call_id, "result": output, **artifact})
        case CallFailed(call_id=call_id, message=message):
            yield _line("a", {"toolCallId": call_id, "result": message, "isError": True})
        case StepEnded(usage=tokens, has_calls=has_calls):
            reason = "tool-calls" if has_calls else "stop"
            yield _line("e", {"finishReason": reason, "isContinued": has_calls, "usage": usage(tokens)})
        case Ended(ending=ending, message=message):
            if ending == "error":
                yield _line("3", message or FAILED)
            yield _line("d", {"finishReason": finish_reason(ending), "usage": usage({})})


def _line(code: str, value: object) -> bytes:
    return f"{code}:{dump(value)}\n".encode()
