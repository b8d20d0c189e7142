"""A piece of a log as it goes to clients: read once, encoded once, handed to everybody who stands there."""

import json
import uuid
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, Protocol, Self

from executions.runs.live.json_encoder import on_one_line

GAP = "gap"


class Logged(NamedTuple):
    """An event as its log has it, for writers of their own; `data` is a JSON text."""

    event_id: uuid.UUID
    data: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, or the news that events are missing, ready for the wire.

    `number` is where a reader stands after it. `fields` is the inside of a JSON object, without its
    braces, so that each door writes its own beginning before it. `logged` is the event of a run's log.
    """

    number: int
    kind: str
    fields: str
    logged: Logged | None = None

    @property
    def is_gap(self) -> bool:
        return self.kind == GAP


def event_frame(
    number: int, kind: str, data: str, at: str, *, seq: str, also: str = "", logged: Logged | None = None
) -> Frame:
    """`data` and `seq` are JSON texts, `also` further members with a leading comma."""
    fields = f'"seq":{seq},"kind":{json.dumps(kind)},"data":{on_one_line(data)},"at":"{at}"{also}'
    return Frame(number, kind, fields, logged)


def gap_frame(first: str, last: str, number: int) -> Frame:
    """Numbers (or cursors) as JSON texts: from the first one missing to the last."""
    return Frame(number, GAP, f'"from":{first},"to":{last}')


class Writer(Hashable, Protocol):
    """How an API of its own writes a log; two that are equal write alike."""

    def encode(self, batch: "LogBatch") -> bytes:
        """The bytes of a batch, empty where there is nothing to say; asks nothing of anybody."""


@dataclass(frozen=True)
class LogBatch:
    """What follows `start` in a log, up to `end`; `head` is how far the log went when it was read.

    `is_last`: the log has ended and nothing comes after `end`.
    """

    start: int
    end: int
    head: int
    is_last: bool
    frames: Sequence[Frame]
    _written: dict[Writer, bytes] = field(default_factory=dict, compare=False, repr=False)

    def beyond(self, number: int) -> Self:
        """The same without what a reader at `number` has; itself for one at its start."""
        if number == self.start:
            return self
        frames = [frame for frame in self.frames if frame.number > number]
        return type(self)(number, self.end, self.head, self.is_last, frames)

    @cached_property
    def as_sse(self) -> bytes:
        """All frames as server-sent events; made once for all streams that stand at `start`."""
        return "".join(_sse_lines(self.frames)).encode()

    def written_by(self, writer: Writer) -> bytes:
        """All of it as this writer has it; made once for all streams at `start` that write alike."""
        if writer not in self._written:
            self._written[writer] = writer.encode(self)
        return self._written[writer]


# Makes the frame for the numbers from the first to the last one missing.
type WriteGap = Callable[[int, int], Frame]


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a log before it is a frame; None as `frame` where retention removed its event."""

    number: int
    frame: Frame | None


def batch_of(start: int, head: int, rows: Iterable[Row], *, has_ended: bool, write_gap: WriteGap) -> LogBatch:
    """Put rows into a batch, with a gap frame wherever numbers are missing.

    No rows although the log goes further means that all of it is gone. A reader who stands beyond
    the head gets nothing.
    """
    frames, at, seen = [], start, 0
    for row in rows:
        seen = row.number
        if row.frame is None:
            continue
        if row.number > at + 1:
            frames.append(write_gap(at + 1, row.number - 1))
        frames.append(row.frame)
        at = row.number
    if not frames and head > start:
        at = seen or head
        frames = [write_gap(start + 1, at)]
    return LogBatch(start, at, head, has_ended and at >= head, frames)


def _sse_lines(frames: Iterable[Frame]) -> Iterator[str]:
    for frame in frames:
        # Its JSON is on one line, by whatever splits the stream into lines.
        yield f"id: {frame.number}\nevent: {frame.kind}\ndata: {{{frame.fields}}}\n\n"
