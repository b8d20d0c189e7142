"""A provider in the test's own event loop that does not answer some of its requests with a single byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.executions.inference.wire import chat_events

SILENT = "silent-model"
_ANSWER = "".join(chat_events("Yes.")).encode()
_HEAD = (
    f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {len(_ANSWER)}\r\n\r\n".encode()
)


class SilentProvider:
    """Says nothing to who asks for SILENT, until that one goes away; `waiting` are those connections."""

    def __init__(self) -> None:
        self.url = ""
        self.waiting = 0
        self._news = asyncio.Event()

    async def is_waited_for(self, by: int) -> None:
        """Until exactly so many wait; raises TimeoutError after a while."""
        async with asyncio.timeout(20):
            while self.waiting != by:
                self._news.clear()
                await self._news.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split()[0])
                asked = json.loads(await reader.readexactly(length))
                if asked["model"] == SILENT:
                    await self._say_nothing(reader)
                    break
                writer.write(_HEAD + _ANSWER)
        writer.close()

    async def _say_nothing(self, reader: asyncio.StreamReader) -> None:
        self._count(1)
        try:
            await reader.read()
        finally:
            self._count(-1)

    def _count(self, one: int) -> None:
        self.waiting += one
        self._news.set()


@asynccontextmanager
async def silent_provider() -> AsyncIterator[SilentProvider]:
    provider = SilentProvider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, backlog=1000)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.close()
        server.close_clients()
