"""Daphne's reactor on uvloop, which writes at once instead of asking first whether it may.

Decision: what a connection is given to write goes out at the end of the same round of the event loop; only
what the kernel does not take is left to wait for room. Twisted's own way, to register every connection with
the loop for each write and to take it out again, costs as much as everything else in a delivery: with it a
hundred subscribers of one run hear of an event a third later.
"""

from collections import OrderedDict
from typing import Any

import uvloop
from twisted.internet import tcp
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.main import installReactor


class PromptReactor(AsyncioSelectorReactor):
    """Calls `doWrite` of accepted connections soon after they have something, whether or not there is room.

    Their sockets never block: where there is none, nothing is written and the loop tells when there is.
    """

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._prompt: OrderedDict[Any, None] = OrderedDict()  # those with something to write
        self._writing: Any = None
        super().__init__(self._loop)

    def addWriter(self, writer: Any) -> None:  # noqa: N802 - Twisted's name
        if writer in self._writers or not isinstance(writer, tcp.Server):
            super().addWriter(writer)
        elif writer not in self._prompt:
            if not self._prompt:
                self._loop.call_soon(self._write)
            self._prompt[writer] = None

    def removeWriter(self, writer: Any) -> None:  # noqa: N802 - Twisted's name
        if writer is self._writing:
            self._writing = None
        elif writer in self._prompt:
            del self._prompt[writer]
        else:
            super().removeWriter(writer)

    def getWriters(self) -> list[Any]:  # noqa: N802 - Twisted's name
        return [*super().getWriters(), *self._prompt]

    def removeAll(self) -> list[Any]:  # noqa: N802 - Twisted's name
        prompt = [writer for writer in self._prompt if writer not in self._readers]
        self._prompt.clear()
        return [*super().removeAll(), *prompt]

    def _write(self) -> None:
        """Give everybody a turn who has something now; who gets something meanwhile comes next time."""
        for _ in range(len(self._prompt)):
            if not self._prompt:
                return
            writer, _none = self._prompt.popitem(last=False)
            self._writing = writer
            self._readOrWrite(writer, False)
            if self._writing is writer:
                self._writing = None
                if writer.fileno() != -1:
                    super().addWriter(writer)
        if self._prompt:
            self._loop.call_soon(self._write)


def install() -> None:
    """Make it the process's reactor; before anything imports Twisted's, or ReactorAlreadyInstalledError."""
    installReactor(PromptReactor())
