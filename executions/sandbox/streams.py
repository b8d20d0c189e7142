"""The pipes of a running script, moved without ever blocking."""

import os
import selectors
import subprocess
import threading
from collections.abc import Callable
from typing import IO

from executions.sandbox.output import Output

_PIECE = 64 * 1024


class Streams:
    """Owned by one thread, which attaches, pumps and closes; `write` and `wake` may be called from any."""

    def __init__(self, output: Output) -> None:
        self.report = bytearray()
        self._output = output
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._is_closed = False
        self._outgoing = bytearray()
        self._note = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector.register(self._note, selectors.EVENT_READ, self._take_note)
        self._stdin: IO[bytes] | None = None
        self._stdout: IO[bytes] | None = None
        self._open: dict[IO[bytes], Callable[[], None]] = {}

    @property
    def are_drained(self) -> bool:
        """Whether all that was written has been read and nobody can write any more."""
        return not self._open

    def attach(self, process: subprocess.Popen[bytes], report: IO[bytes]) -> None:
        """Take over the pipes of `process`, and the one that bubblewrap reports on."""
        self._stdin, self._stdout = process.stdin, process.stdout
        if process.stdin and process.stdout and process.stderr:
            os.set_blocking(process.stdin.fileno(), False)
            self._read_from(process.stdout, self._output.feed)
            self._read_from(process.stderr, self._output.feed_stderr)
        self._read_from(report, self.report.extend)

    def wake(self) -> None:
        """Make a waiting `pump` return."""
        with self._lock:
            if not self._is_closed:
                os.eventfd_write(self._note, 1)

    def write(self, content: bytes) -> None:
        """Queue bytes for the script's stdin; they are dropped once it has closed it."""
        with self._lock:
            self._outgoing += content
        self.wake()

    def pump(self, timeout: float, *, may_pause: bool) -> None:
        """Move what can be moved, waiting at most `timeout` seconds for the first of it.

        With `may_pause`, a script that is ahead of its runner has to wait at a full pipe.
        """
        self._balance(may_pause=may_pause)
        for key, _ in self._selector.select(max(0.0, timeout)):
            key.data()

    def close(self) -> None:
        """Give every descriptor back."""
        with self._lock:
            self._is_closed = True
            os.close(self._note)
        self._selector.close()
        for file in (self._stdin, *self._open):
            if file is not None:
                file.close()

    def _read_from(self, file: IO[bytes], take: Callable[[bytes], None]) -> None:
        def ready() -> None:
            piece = os.read(file.fileno(), _PIECE)
            if piece:
                take(piece)
                return
            self._selector.unregister(file)
            del self._open[file]
            file.close()

        self._open[file] = ready
        self._selector.register(file, selectors.EVENT_READ, ready)

    def _balance(self, *, may_pause: bool) -> None:
        """Listen to stdout only while there is room, and to stdin only while there is something to write."""
        listening = self._selector.get_map()
        if self._stdout in self._open:
            paused = may_pause and self._output.is_congested
            if paused and self._stdout in listening:
                self._selector.unregister(self._stdout)
            elif not paused and self._stdout not in listening:
                self._selector.register(self._stdout, selectors.EVENT_READ, self._open[self._stdout])
        if self._stdin is not None and self._outgoing and self._stdin not in listening:
            self._selector.register(self._stdin, selectors.EVENT_WRITE, self._send)

    def _send(self) -> None:
        if self._stdin is None:
            return
        with self._lock:
            try:
                del self._outgoing[: os.write(self._stdin.fileno(), self._outgoing[:_PIECE])]
            except OSError:  # the script has closed its stdin, or is gone
                self._outgoing.clear()
                self._selector.unregister(self._stdin)
                self._stdin.close()
                self._stdin = None
                return
            is_sent = not self._outgoing
        if is_sent:
            self._selector.unregister(self._stdin)

    def _take_note(self) -> None:
        os.eventfd_read(self._note)
