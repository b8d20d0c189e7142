"""The physical limit over HTTP: no framework, no authentication, one SELECT, the same bytes sent.

An ASGI application for the same servers as the real one. `BENCH_BARE` names a JSON file with
`database_url` and `routes`: by first path segment a `statement`, its first `parameters` (the path's other
segments are the rest; where a route has `names`, under these) and the `body` to send, whatever the statement
finds. `/stream` and every websocket stay open and send nothing.
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from psycopg_pool import AsyncConnectionPool

POOL_SIZE = 8  # what the real application's threads amount to


class Bare:
    """Opens its connections at the first request: not every server tells an application when it begins."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._routes = config["routes"]
        self._url = config["database_url"]
        self._pool: AsyncConnectionPool | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or hold one connection open until its client leaves."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await _until(receive, "websocket.disconnect")
            return
        segments = [unquote(part) for part in scope["raw_path"].decode().split("?")[0].split("/")[1:]]
        if segments[0] == "stream":
            await send(_start([(b"content-type", b"text/event-stream")]))
            await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})
            await _until(receive, "http.disconnect")
            return
        route = self._routes[segments[0]]
        async with (await self._connections()).connection() as connection:
            cursor = await connection.execute(route["statement"], _parameters(route, segments[1:]))
            await cursor.fetchall()
        body = route["body"].encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send(_start(headers))
        await send({"type": "http.response.body", "body": body})

    async def _connections(self) -> AsyncConnectionPool:
        if self._pool is None:
            self._pool = AsyncConnectionPool(
                self._url, min_size=2, max_size=POOL_SIZE, kwargs={"autocommit": True}, open=False
            )
            await self._pool.open()
        return self._pool


def _parameters(route: dict[str, Any], rest: list[str]) -> Any:
    if "names" not in route:
        return [*route["parameters"], *rest]
    return {**route["parameters"], **dict(zip(route["names"], rest, strict=True))}


def _start(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": 200, "headers": headers}


async def _until(receive: Any, kind: str) -> None:
    while (await receive())["type"] != kind:
        pass


application = Bare(json.loads(Path(os.environ["BENCH_BARE"]).read_text()))
