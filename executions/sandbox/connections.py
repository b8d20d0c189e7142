"""The script's own channel: a socket that only its sandbox sees, with a connection for each process.

Decision: a socket with a path, and not a pipe that a script inherits. Every process of a script can reach it,
however it was started, and one that dies in the middle of a message spoils nobody else's.
"""

import os
import selectors
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from executions.sandbox.output import Output
from executions.sandbox.removal import remove_tree

_PIECE = 64 * 1024
_BACKLOG = 64  # connections that wait to be accepted
_SWEEP = 8  # pieces read of each connection to find out which are over
_COST = 256  # bytes that a connection counts for, so that opening them without end is a flood as well
_NAME = "socket"

type Ready = Callable[[int], object]  # takes the events that came


class Door:
    """A listening socket in a folder of its own below `parent`, which `close` removes."""

    def __init__(self, parent: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="channel-", dir=parent))
        self.path = self._folder / _NAME
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        folder = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # By descriptor, because a socket's path must be short.
            self.listener.bind(f"/proc/self/fd/{folder}/{_NAME}")
            # The folder is the worker's alone, and inside it is shown to one sandbox.
            self.path.chmod(0o666)
            self.listener.listen(_BACKLOG)
        except OSError:
            self.close()
            raise
        finally:
            os.close(folder)

    def close(self) -> None:
        self.listener.close()
        with suppress(OSError):
            remove_tree(self._folder)


@dataclass
class _Connection:
    """One process's; what it has not finished with a newline when it ends was never said."""

    number: int
    socket: socket.socket
    unfinished: bytearray = field(default_factory=bytearray)
    outgoing: bytearray = field(default_factory=bytearray)


class Connections:
    """Accepts, reads and answers without ever blocking; all in the thread that pumps."""

    def __init__(self, door: Door, output: Output, most: int) -> None:
        """`most` connections at a time are served; more are closed at once."""
        # A selector would take the next connection, which may get the same descriptor, for this one.
        self.before_close: Callable[[socket.socket], object] = lambda _: None
        self._door = door
        self._most = most
        self._output = output
        self._count = 0
        self._open: dict[int, _Connection] = {}

    @property
    def path(self) -> Path:
        return self._door.path

    def wanted(self, *, paused: bool) -> Iterator[tuple[socket.socket, int, Ready]]:
        """Each socket with what to wait for, and what to call then with the events that came."""
        reading = 0 if paused else selectors.EVENT_READ
        yield self._door.listener, reading, self._accept
        for one in self._open.values():
            writing = selectors.EVENT_WRITE if one.outgoing else 0
            yield one.socket, reading | writing, partial(self._move, one)

    def write(self, number: int, content: bytes) -> None:
        """Queue bytes for a connection; they are dropped where it is gone."""
        if number in self._open:
            self._open[number].outgoing += content

    def finish(self) -> None:
        """Take all that was said before the last process died, so that every connection has an end."""
        is_more = True
        while is_more:
            for one in list(self._open.values()):
                while self._read(one):
                    pass
                self._drop(one)
            is_more = self._accept() > 0

    def close(self) -> None:
        for one in list(self._open.values()):
            self._drop(one)
        self._door.close()

    def _accept(self, _: int = selectors.EVENT_READ) -> int:
        """How many were served."""
        before = self._count
        with suppress(BlockingIOError):
            for _ in range(_BACKLOG):
                accepted, _ = self._door.listener.accept()
                self._output.count(_COST)
                if len(self._open) >= self._most:
                    self._sweep()
                if len(self._open) >= self._most:
                    accepted.close()
                    continue
                accepted.setblocking(False)
                self._count += 1
                self._open[self._count] = _Connection(self._count, accepted)
        return self._count - before

    def _sweep(self) -> None:
        """Let those go whose processes are over already."""
        for one in list(self._open.values()):
            for _ in range(_SWEEP):
                if not self._read(one):
                    break

    def _move(self, one: _Connection, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._send(one)
        if events & selectors.EVENT_READ and one.number in self._open:
            self._read(one)

    def _read(self, one: _Connection) -> bool:
        """Whether there may be more."""
        try:
            piece = one.socket.recv(_PIECE)
        except BlockingIOError:
            return False
        except OSError:  # the other end is gone, with something unread
            piece = b""
        if not piece:
            self._drop(one)
            return False
        *whole, rest = self._output.counted(piece).split(b"\n")
        for line in whole:
            self._output.feed_message(one.number, bytes(one.unfinished) + line)
            one.unfinished.clear()
        one.unfinished += rest
        return True

    def _send(self, one: _Connection) -> None:
        try:
            del one.outgoing[: one.socket.send(one.outgoing[:_PIECE])]
        except BlockingIOError:
            pass
        except OSError:
            one.outgoing.clear()

    def _drop(self, one: _Connection) -> None:
        if self._open.pop(one.number, None) is not None:
            self.before_close(one.socket)
            one.socket.close()
