"""What streams ask of a connection beyond ASGI, by server: is there room, send at once, cut off.

Each server hands out a `send` of its own; these know whose it is.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from executions.runs.live.transport import Send

FIRST_POLL_SECONDS, POLL_SECONDS = 0.0005, 0.05  # between looks at a full buffer: most drain at once

type ServerSend = Callable[[Any], Coroutine[Any, Any, None]]


def sender_of(send: Any) -> Send:
    """The sender of a connection of any server; one of a server that we do not know is only waited for."""
    if isinstance(send, partial) and hasattr(send.args[0], "handle_reply"):
        return DaphneSender(send, send.args[0])
    return AsyncioSender(send)


class AsyncioSender:
    """Of uvicorn, whose `send` waits for room by itself and, where there is some, never waits at all."""

    __slots__ = ("_send",)

    def __init__(self, send: ServerSend) -> None:
        self._send = send

    async def __call__(self, message: Any, /) -> None:
        await self._send(message)

    def at_once(self, message: Any, /) -> bool:
        return _is_sent_at_once(self._send(message))

    def cut(self) -> None:
        """It is a method of what has the connection, an asyncio transport."""
        connection = getattr(self._send, "__self__", None)
        if (transport := getattr(connection, "transport", None)) is not None:
            transport.abort()


class DaphneSender:
    """Of Daphne, whose `send` takes everything into memory and never waits.

    Twisted underneath it knows when its buffer is full, but tells only its one producer, and that is
    Daphne's: so we look.
    """

    __slots__ = ("_protocol", "_send")

    def __init__(self, send: ServerSend, protocol: Any) -> None:
        self._send = send
        self._protocol = protocol

    async def __call__(self, message: Any, /) -> None:
        pause = 0.0
        while self._is_full():
            await asyncio.sleep(pause)
            pause = min(pause * 2 or FIRST_POLL_SECONDS, POLL_SECONDS)
        await self._send(message)

    def at_once(self, message: Any, /) -> bool:
        return not self._is_full() and _is_sent_at_once(self._send(message))

    def cut(self) -> None:
        if (transport := self._transport()) is not None:
            transport.abortConnection()

    def _is_full(self) -> bool:
        # Set by Twisted while more than 64 KiB wait in the buffer of one connection.
        return getattr(self._transport(), "producerPaused", False) is True

    def _transport(self) -> Any:
        """Twisted's connection, None after its end."""
        owner = getattr(self._protocol, "channel", None) or self._protocol
        return getattr(owner, "transport", None)


def _is_sent_at_once(sending: Coroutine[Any, Any, None]) -> bool:
    """Run a `send` up to where it waits; it then has sent nothing, and is given up."""
    try:
        sending.send(None)
    except StopIteration:
        return True
    sending.close()
    return False
