"""The AG-UI protocol: server-sent events of a run, from RUN_STARTED to RUN_FINISHED."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from executions.runs.live.json_encoder import dump
from objectives.chat.formats.format import DENIED, EVENT_STREAM, FAILED, StreamFormat, frame, numbered
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

type Event = dict[str, Any]


class AgUi(StreamFormat):
    """One stream; `_texts` counts the texts of the answer, each of which is a message of its own there."""

    headers: ClassVar = EVENT_STREAM

    def __init__(self, thread_id: str) -> None:
        super().__init__(thread_id)
        self.run_id = str(uuid.uuid4())
        self._answer_id = ""
        self._steps = 0

    def opening(self, notes: Iterable[tuple[str, Json]]) -> bytes:
        told = [{"type": "CUSTOM", "name": name, "value": facts} for name, facts in notes]
        return b"".join(frame(event) for event in [self._run("RUN_STARTED"), *told])

    def write(self, pieces: Iterable[Piece], number: int) -> bytes:
        return numbered([event for piece in pieces for event in self._events(piece)], number)

    def _run(self, kind: str, **more: Any) -> Event:
        return {"type": kind, "threadId": self.thread_id, "runId": self.run_id, **more}

    def _events(self, piece: Piece) -> Iterator[Event]:  # noqa: C901, PLR0912 - one case a piece
        match piece:
            case Begun(message_id=message_id):
                self._answer_id = message_id
            case StepBegun():
                self._steps += 1
                yield {"type": "STEP_STARTED", "stepName": f"step-{self._steps}"}
            case StepEnded():
                yield {"type": "STEP_FINISHED", "stepName": f"step-{self._steps}"}
            case TextBegun(text_id=text_id):
                yield {"type": "TEXT_MESSAGE_START", "messageId": self._text(text_id), "role": "assistant"}
            case TextAdded(text_id=text_id, text=text):
                yield {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._text(text_id), "delta": text}
            case TextEnded(text_id=text_id):
                yield {"type": "TEXT_MESSAGE_END", "messageId": self._text(text_id)}
            case Thought(thought_id=thought_id, text=text):
                yield from _thought(self._text(thought_id), text)
            case Called(call_id=call_id, name=name, arguments=arguments):
                named = {"toolCallId": call_id}
                yield {"type": "TOOL_CALL_START", **named, "toolCallName": name}
                yield {"type": "TOOL_CALL_ARGS", **named, "delta": arguments}
                yield {"type": "TOOL_CALL_END", **named}
            case ApprovalAsked(call_id=call_id):
                yield {"type": "CUSTOM", "name": "approval_requested", "value": {"tool_call_id": call_id}}
            case Decided(call_id=call_id, is_approved=is_approved, by=by, memo=memo):
                value = {"tool_call_id": call_id, "approved": is_approved, "by": by, "memo": memo}
                yield {"type": "CUSTOM", "name": "approval", "value": value}
                if not is_approved:
                    yield _result(call_id, memo or DENIED)
            case Returned(call_id=call_id, output=output):
                yield _result(call_id, output if isinstance(output, str) else dump(output))
            case CallFailed(call_id=call_id, message=message):
                yield _result(call_id, message)
            case ProviderNews(is_available=is_available, message=message):
                value = {"available": is_available, "message": message}
                yield {"type": "CUSTOM", "name": "provider", "value": value}
            case Ended(ending="error", message=message):
                yield {"type": "RUN_ERROR", "message": message or FAILED}
            case Ended():
                yield self._run("RUN_FINISHED")

    def _text(self, text_id: str) -> str:
        return f"{self._answer_id}/{text_id}"


def _thought(message_id: str, text: str) -> Iterator[Event]:
    named = {"messageId": message_id}
    yield {"type": "REASONING_START", **named}
    yield {"type": "REASONING_MESSAGE_START", **named, "role": "reasoning"}
    yield {"type": "REASONING_MESSAGE_CONTENT", **named, "delta": text}
    yield {"type": "REASONING_MESSAGE_END", **named}
    yield {"type": "REASONING_END", **named}


def _result(call_id: str, content: str) -> Event:
    return {
        "type": "TOOL_CALL_RESULT",
        "messageId": f"{call_id}/result",
        "toolCallId": call_id,
        "content": content,
        "role": "tool",
    }
