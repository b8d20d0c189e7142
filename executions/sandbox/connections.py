"""The script's own channel: a socket that only its sandbox sees, with a connection for each process."""

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
_MOST = 64  # connections at a time; more are closed at once
_COST = 256  # bytes that a connection counts for, so that opening them without end is a flood as well
_NAME = "socket"

type Ready = Callable[[int], None]  # takes the events that came


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
            self.listener.listen(_MOST)
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

    def __init__(self, door: Door, output: Output) -> None:
        self._door = door
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
        """Take all that was said before the last process died."""
        self._accept()
        for one in list(self._open.values()):
            while one.number in self._open and self._read(one):
                pass

    def close(self) -> None:
        for one in list(self._open.values()):
            self._drop(one)
        self._door.close()

    def _accept(self, _: int = selectors.EVENT_READ) -> None:
        with suppress(BlockingIOError):
            for _ in range(_MOST):
                accepted, _ = self._door.listener.accept()
                self._output.count(_COST)
                if len(self._open) >= _MOST:
                    accepted.close()
                    continue
                accepted.setblocking(False)
                self._count += 1
                self._open[self._count] = _Connection(self._count, accepted)

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
        del self._open[one.number]
        one.socket.close()
