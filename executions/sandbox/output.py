"""What a script writes: lines for its runner, the end of stderr, and a count."""

import threading
import time
from collections import deque

_HIGH_WATER = 1024 * 1024  # bytes waiting for the runner, above which the script has to wait as well
_STDERR_TAIL = 64 * 1024


class Output:
    """Filled by the supervisor's thread, read by the runner's; holds at most `limit` bytes.

    Everything is counted, but nothing is kept past the limit.
    """

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._limit = limit
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
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
            return self._closed and not self._lines

    @property
    def stderr_tail(self) -> str:
        return self._stderr.decode(errors="replace")

    def feed(self, piece: bytes) -> None:
        """Take a piece of stdout, of any length."""
        kept = piece[: max(0, self._limit - self.total)]
        self.total += len(piece)
        *whole, rest = kept.split(b"\n")
        with self._changed:
            for line in whole:
                self._unfinished += line + b"\n"
                self._finish_line()
            self._unfinished += rest
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

    def take_line(self, timeout: float) -> bytes | None:
        """The next line with its newline, waited for `timeout` seconds; None for nothing yet, or the end."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not self._lines and not self._closed:
                if not self._changed.wait(deadline - time.monotonic()):
                    break
            if not self._lines:
                return None
            line = self._lines.popleft()
            self._waiting -= len(line)
            return line

    def _finish_line(self) -> None:
        self._lines.append(bytes(self._unfinished))
        self._waiting += len(self._unfinished)
        self._unfinished.clear()
