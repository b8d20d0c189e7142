"""What a script says: printed text, messages over its own channel, the end of stderr, and a count."""

import threading
import time
from collections import deque
from dataclasses import dataclass

_HIGH_WATER = 1024 * 1024  # bytes waiting for the runner, above which the script has to wait as well
_STDERR_TAIL = 64 * 1024


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of stdout, or a message by the number of the connection that it came over."""

    content: bytes
    connection: int | None = None


class Output:
    """Filled by the supervisor's thread, read by the runner's; holds at most `limit` bytes.

    Everything is counted, but nothing is kept past the limit.
    """

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._limit = limit
        self._changed = threading.Condition()
        self._heard: deque[Heard] = deque()
        self._waiting = 0
        self._unfinished = bytearray()
        self._closed = False
        self._stderr = bytearray()

    @property
    def is_over(self) -> bool:
        return self.total > self._limit

    @property
    def is_congested(self) -> bool:
        with self._changed:
            return self._waiting > _HIGH_WATER

    @property
    def at_end(self) -> bool:
        with self._changed:
            return self._closed and not self._heard

    @property
    def stderr_tail(self) -> str:
        return self._stderr.decode(errors="replace")

    def count(self, size: int) -> None:
        """Add what takes room or work without being said."""
        self.total += size

    def counted(self, piece: bytes) -> bytes:
        """As much of `piece` as may be kept."""
        kept = piece[: max(0, self._limit - self.total)]
        self.total += len(piece)
        return kept

    def feed(self, piece: bytes) -> None:
        """Take a piece of stdout, of any length."""
        *whole, rest = self.counted(piece).split(b"\n")
        with self._changed:
            for line in whole:
                self._unfinished += line + b"\n"
                self._finish_line()
            self._unfinished += rest
            self._changed.notify_all()

    def feed_message(self, connection: int, line: bytes) -> None:
        """Take a line of the channel, already counted."""
        with self._changed:
            # What was printed before it stays before it, as far as it has come.
            if self._unfinished:
                self._finish_line()
            self._append(Heard(line, connection))
            self._changed.notify_all()

    def feed_stderr(self, piece: bytes) -> None:
        """Take a piece of stderr; the last 64 KiB are kept."""
        self.total += len(piece)
        self._stderr += piece
        del self._stderr[:-_STDERR_TAIL]

    def close(self) -> None:
        """No more stdout will come: what has no newline yet is the last line. May be repeated."""
        with self._changed:
            if self._unfinished:
                self._finish_line()
            self._closed = True
            self._changed.notify_all()

    def take(self, timeout: float, *, whole_lines: bool) -> Heard | None:
        """What comes next, waited for `timeout` seconds; None for nothing yet, or the end.

        Unless `whole_lines` are wanted, a line that stays unfinished for so long is given as it is.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while not self._heard and not self._closed:
                if not self._changed.wait(deadline - time.monotonic()):
                    break
            if not self._heard and self._unfinished and not whole_lines:
                self._finish_line()
            if not self._heard:
                return None
            heard = self._heard.popleft()
            self._waiting -= len(heard.content)
            return heard

    def _finish_line(self) -> None:
        self._append(Heard(bytes(self._unfinished)))
        self._unfinished.clear()

    def _append(self, heard: Heard) -> None:
        self._heard.append(heard)
        self._waiting += len(heard.content)
