"""The pipes and the channel of a running script, moved without ever blocking."""

import os
import selectors
import socket
import subprocess
import threading
from collections.abc import Callable
from typing import IO

from executions.sandbox.connections import Connections, Ready
from executions.sandbox.output import Output

_PIECE = 64 * 1024


class Streams:
    """Owned by one thread, which attaches, pumps and closes; `write` and `wake` may be called from any."""

    def __init__(self, output: Output, connections: Connections | None) -> None:
        self.report = bytearray()
        self._output = output
        self._connections = connections
        self._selector = selectors.DefaultSelector()
        if connections is not None:
            connections.before_close = self._forget
        self._lock = threading.Lock()
        self._is_closed = False
        self._outgoing: list[tuple[int, bytes]] = []
        self._note = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stdout: IO[bytes] | None = None
        self._open: dict[IO[bytes], Ready] = {}

    @property
    def are_drained(self) -> bool:
        """Whether all that was written has been read and nobody can write any more."""
        return not self._open

    def attach(self, process: subprocess.Popen[bytes], report: IO[bytes]) -> None:
        """Take over the pipes of `process`, and the one that bubblewrap reports on."""
        self._selector.register(self._note, selectors.EVENT_READ, self._take_note)
        self._stdout = process.stdout
        if process.stdout and process.stderr:
            self._read_from(process.stdout, self._output.feed)
            self._read_from(process.stderr, self._output.feed_stderr)
        self._read_from(report, self.report.extend)

    def wake(self) -> None:
        """Make a waiting `pump` return."""
        with self._lock:
            if not self._is_closed:
                os.eventfd_write(self._note, 1)

    def write(self, connection: int, content: bytes) -> None:
        """Queue bytes for a connection of the channel; they are dropped once it is closed."""
        with self._lock:
            self._outgoing.append((connection, content))
        self.wake()

    def pump(self, timeout: float, *, may_pause: bool) -> None:
        """Move what can be moved, waiting at most `timeout` seconds for the first of it.

        With `may_pause`, a script that is ahead of its runner has to wait at a full pipe.
        """
        self._hand_over()
        self._balance(paused=may_pause and self._output.is_congested)
        for key, events in self._selector.select(max(0.0, timeout)):
            key.data(events)

    def finish(self) -> None:
        """Take what still waits in the channel, once every process is dead."""
        if self._connections is not None:
            self._connections.finish()

    def close(self) -> None:
        """Give every descriptor back."""
        with self._lock:
            self._is_closed = True
            os.close(self._note)
        if self._connections is not None:
            self._connections.close()
        self._selector.close()
        for file in self._open:
            file.close()

    def _read_from(self, file: IO[bytes], take: Callable[[bytes], None]) -> None:
        def ready(_: int) -> None:
            piece = os.read(file.fileno(), _PIECE)
            if piece:
                take(piece)
                return
            self._selector.unregister(file)
            del self._open[file]
            file.close()

        self._open[file] = ready
        self._selector.register(file, selectors.EVENT_READ, ready)

    def _hand_over(self) -> None:
        with self._lock:
            outgoing, self._outgoing = self._outgoing, []
        for connection, content in outgoing:
            if self._connections is not None:
                self._connections.write(connection, content)

    def _balance(self, *, paused: bool) -> None:
        """Listen to what a script says only while there is room, and write only what there is."""
        if self._stdout in self._open:
            self._want(self._stdout, 0 if paused else selectors.EVENT_READ, self._open[self._stdout])
        if self._connections is not None:
            for file, events, ready in self._connections.wanted(paused=paused):
                self._want(file, events, ready)

    def _want(self, file: IO[bytes] | socket.socket, events: int, ready: Ready) -> None:
        known = self._selector.get_map().get(file)
        if known is None:
            if events:
                self._selector.register(file, events, ready)
        elif not events:
            self._selector.unregister(file)
        elif known.events != events:
            self._selector.modify(file, events, ready)

    def _forget(self, file: socket.socket) -> None:
        if file in self._selector.get_map():
            self._selector.unregister(file)

    def _take_note(self, _: int) -> None:
        os.eventfd_read(self._note)
