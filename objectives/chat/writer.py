"""One client's telling of one turn: batches of a log in, bytes of its format out."""

import json
from dataclasses import dataclass

from executions.runs.live.batches import LogBatch
from objectives.chat.formats.format import StreamFormat
from objectives.chat.pieces import Begun, Piece
from objectives.chat.turn import Turn


@dataclass(frozen=True)
class _Standing:
    """Where the telling stands behind a number; `is_open` once the client knows which answer goes on."""

    at: int
    turn: Turn
    form: StreamFormat
    is_open: bool


class TurnWriter:
    """Writes for one stream alone.

    A batch may be asked for twice, where a client had no room for it at first: what was told before it is
    kept until the next one comes. Nothing is written of events up to `muted_until`, which the client has;
    one that has them from elsewhere than this stream is told again under which id the answer goes on
    (`reopens`).
    """

    def __init__(
        self, turn: Turn, form: StreamFormat, *, at: int, muted_until: int = 0, reopens: bool = False
    ) -> None:
        self._before = _Standing(at, turn, form, is_open=not reopens)
        self._after: _Standing | None = None
        self._muted_until, self._reopens = muted_until, reopens

    def encode(self, batch: LogBatch) -> bytes:
        """The bytes of a batch, the end of the stream included."""
        if self._after is not None and batch.start >= self._after.at:
            self._before = self._after
        before = self._before
        turn, form, is_open = before.turn.copy(), before.form.copy(), before.is_open
        written = []
        for frame in batch.frames:
            if frame.logged is None or frame.number <= before.at:
                continue
            pieces = turn.tell(frame.number, frame.kind, json.loads(frame.logged.data))
            if frame.number <= self._muted_until:
                if not self._reopens:
                    form.write(pieces, frame.number)  # for what the format remembers
                continue
            if pieces and not is_open:
                pieces, is_open = _opened(turn, pieces), True
            written.append(form.write(pieces, frame.number) if pieces else b"")
        self._after = _Standing(batch.end, turn, form, is_open)
        if batch.is_last or (turn.is_over and not before.turn.is_over):
            written.append(form.closing())
        return b"".join(written)

    def ends(self, batch: LogBatch) -> bool:
        """Whether the turn is over with this batch, which was written last."""
        return batch.is_last or (self._after is not None and self._after.turn.is_over)


def _opened(turn: Turn, pieces: list[Piece]) -> list[Piece]:
    is_there = not turn.is_begun or any(isinstance(piece, Begun) for piece in pieces)
    return pieces if is_there else [Begun(turn.message_id), *pieces]
