"""One request of a tool over HTTP: redirects within limits, and its answer as far as it comes.

Decision: only what is safe to repeat goes over connections that are kept, each to an address that was checked
when it was made. An idle connection may break the moment that it is used, and of a call that must not be
repeated nobody would know then whether it had its effect.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import override
from urllib.parse import urljoin, urlsplit

import httpx2

from executions.inference.kept_clients import KEPT_LIMITS, kept_clients, sent
from objectives.tool_executors.http_request import HttpToolRequest
from objectives.tool_executors.public_addresses import CONNECT_SECONDS, AddressRefused, CheckedTransport

MOST_BYTES = 5 * 1024 * 1024  # of an answer, unpacked; more of it is not read
MOST_REDIRECTS = 5
_OF_ONE = httpx2.Limits(max_connections=1)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})

# How an exchange may fail.
TROUBLE = (AddressRefused, httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError, ValueError)


class RedirectRefused(ValueError):
    """The tool redirected to an address that is not allowed."""


@dataclass(slots=True)
class HttpAnswer:
    """What a tool answers, from its head on; `charset` is "" where it does not say.

    `cut` says in a sentence why no more of it came, "" for an answer that is whole.
    """

    status: int
    mime_type: str
    charset: str
    content: bytearray = field(default_factory=bytearray)
    cut: str = ""

    @property
    def is_success(self) -> bool:
        """The tool has done what it was asked to, whatever comes of the rest of its answer."""
        return self.status < 300


class Exchange:
    """A request and the redirects that follow from it; `answer` is there as soon as its head is.

    One that is safe to repeat goes over connections of its tool set that are kept, where any are.
    """

    def __init__(self, request: HttpToolRequest, *, tool_set_id: str, is_safe: bool) -> None:
        self._request = request
        self._tool_set_id = tool_set_id
        self._is_safe = is_safe
        self.answer: HttpAnswer | None = None

    async def run(self) -> HttpAnswer:
        """The answer, whole or as much as is taken of one; raises what is in TROUBLE."""
        timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
        async with (
            self._transport() as transport,
            # Of its own, since cookies are this exchange's.
            httpx2.AsyncClient(transport=transport, timeout=timeout, trust_env=False) as client,
        ):
            return await self._follow(client)

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[httpx2.AsyncBaseTransport]:
        kept = kept_clients()
        if kept is None or not self._is_safe:
            yield CheckedTransport(_OF_ONE)
            return
        async with kept.lent(("tools", self._tool_set_id), partial(CheckedTransport, KEPT_LIMITS)) as lent:
            yield _Lent(lent)

    async def _follow(self, client: httpx2.AsyncClient) -> HttpAnswer:
        request = self._request
        method, url, headers, body = request.method, request.url, dict(request.headers), request.body
        for _ in range(MOST_REDIRECTS + 1):
            async with client.stream(method, url, headers=headers, content=body) as response:
                target = response.headers.get("location")
                if response.status_code not in _REDIRECTS or not target:
                    return await self._read(response)
            following = urljoin(url, target)
            if _origin(following) != _origin(url):
                if method not in _SAFE:
                    break
                headers, body = {}, None  # credentials are for whom they were configured, and nobody else
            if response.status_code == 303 or (response.status_code in {301, 302} and method == "POST"):
                method, body = "GET", None
            url = following
        raise RedirectRefused

    async def _read(self, response: httpx2.Response) -> HttpAnswer:
        mime_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        answer = self.answer = HttpAnswer(response.status_code, mime_type, response.charset_encoding or "")
        async for chunk in response.aiter_bytes():
            answer.content += chunk
            if len(answer.content) > MOST_BYTES:
                del answer.content[MOST_BYTES:]
                answer.cut = f"Its answer is larger than {MOST_BYTES:,} bytes, of which the first are kept."
                break
        return answer


class _Lent(httpx2.AsyncBaseTransport):
    """A transport that outlives the client that uses it."""

    def __init__(self, kept: CheckedTransport) -> None:
        self._kept = kept

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await sent(request, partial(self._kept.handle_async_request, request))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
