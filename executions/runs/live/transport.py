"""Sending to one client with bounded patience and bounded memory.

Decision: a client that does not read is waited for and, after a while, cut off; it resumes by its
last number, so nothing is lost. What of that a server does by itself, and what has to be asked of
its connection, says `config.server.senders`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings

PIECE_BYTES = 64 * 1024  # what a slow client must take within its patience: 2 kB a second are enough


class Send(Protocol):
    """An ASGI `send` that waits while the connection's buffer is full, and can do more than ASGI asks for."""

    async def __call__(self, message: Any, /) -> None: ...

    def at_once(self, message: Any, /) -> bool:
        """Send without waiting; False, and nothing sent, where that cannot be."""
        ...

    def cut(self) -> None:
        """Close the connection at once, without waiting for what the client has not read."""
        ...


class Gone(Exception):
    """The client is not there any more: it left, or the connection broke, while something was sent."""


class TooSlow(Gone):
    """The client has not read for too long; its connection is cut."""


def body_part(body: bytes) -> dict[str, Any]:
    """The message that sends a part of an HTTP body which goes on."""
    return {"type": "http.response.body", "body": body, "more_body": True}


class Outlet:
    """One client's connection, which is given up in the end where it does not take what it is sent."""

    __slots__ = ("_send",)

    def __init__(self, send: Send) -> None:
        self._send = send

    async def write(self, message: Mapping[str, Any]) -> None:
        """Send one message; raises Gone. TooSlow is one: the connection is then cut."""
        # Without a timer this costs a fifth less, and it is done for every event.
        if self.write_now(message):
            return
        try:
            async with asyncio.timeout(settings.STREAM_STALL_SECONDS):
                await self._send(message)
        except TimeoutError as stalled:
            self._send.cut()
            await asyncio.sleep(0)  # the server learns of it, and misses no end of the answer
            raise TooSlow from stalled
        except (OSError, RuntimeError) as ended:
            # Uvicorn's and autobahn's words for a client that leaves while we write, as clients may.
            raise Gone(str(ended)) from ended

    def write_now(self, message: Mapping[str, Any]) -> bool:
        """Send one message without giving up one's turn; False, and nothing sent, where only `write` can.

        Saves waking a task for each client, which costs as much as the sending itself.
        """
        try:
            return self._send.at_once(message)
        except (OSError, RuntimeError):
            return False  # `write` fails alike, and is listened to

    async def write_body(self, body: bytes) -> None:
        """Send a part of an HTTP body, in pieces, so that patience is measured against each of them."""
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES] if len(body) > PIECE_BYTES else body
            await self.write(body_part(piece))
