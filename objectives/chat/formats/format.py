"""What every format of a turn has: its headers, and how it writes pieces."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from copy import copy
from typing import ClassVar, Final, Self

from executions.runs.live.json_encoder import dump
from objectives.chat.pieces import Ending, Piece
from objectives.ids import Json

UNBUFFERED: Final = {"cache-control": "no-cache", "x-accel-buffering": "no"}
EVENT_STREAM: Final = {"content-type": "text/event-stream; charset=utf-8", **UNBUFFERED}
DONE: Final = b"data: [DONE]\n\n"  # with which the streams of events of the AI SDK's family end
DENIED: Final = "The call was denied."  # where whoever denied it said nothing
FAILED: Final = "The turn failed."  # where it is not known why


class StreamFormat(ABC):
    """One stream's writer; its attributes are values that are never changed in place, so copies are cheap."""

    headers: ClassVar[Mapping[str, str]]
    silence: ClassVar[bytes] = b": still here\n\n"

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id

    def copy(self) -> Self:
        return copy(self)

    def opening(self, notes: Iterable[tuple[str, Json]]) -> bytes:
        """What stands before all pieces; `notes` are names and facts about the thread."""
        return b""

    @abstractmethod
    def write(self, pieces: Iterable[Piece], number: int) -> bytes:
        """The pieces of the event with this number."""

    def closing(self) -> bytes:
        """What stands after all pieces."""
        return b""


def frame(event: Json, number: int | None = None) -> bytes:
    """A server-sent event; whoever resumes after its number has it."""
    named = "" if number is None else f"id: {number}\n"
    return f"{named}data: {dump(event)}\n\n".encode()


def numbered(events: list[Json], number: int) -> bytes:
    """The events that one of the log is; the number stands with the last: whoever has that has them all."""
    return b"".join(
        frame(event, number if place == len(events) else None) for place, event in enumerate(events, start=1)
    )


def finish_reason(ending: Ending) -> str:
    """How assistant-ui's formats call the end of a turn."""
    if ending in {"tool-calls", "error"}:
        return ending
    return "stop" if ending in {"stop", "heard"} else "other"


def usage(tokens: Json) -> Json:
    """The tokens of a step as they count them."""
    return {"inputTokens": tokens.get("input_tokens", 0), "outputTokens": tokens.get("output_tokens", 0)}
