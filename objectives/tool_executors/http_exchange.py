"""One request of a tool over HTTP: redirects within limits, and its answer as far as it comes."""

from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import httpx2

from objectives.tool_executors.http_request import HttpToolRequest
from objectives.tool_executors.public_addresses import CONNECT_SECONDS, AddressRefused, CheckedTransport

MOST_BYTES = 5 * 1024 * 1024  # of an answer, unpacked; more of it is not read
MOST_REDIRECTS = 5
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
    """A request and the redirects that follow from it; `answer` is there as soon as its head is."""

    def __init__(self, request: HttpToolRequest) -> None:
        self._request = request
        self.answer: HttpAnswer | None = None

    async def run(self) -> HttpAnswer:
        """The answer, whole or as much as is taken of one; raises what is in TROUBLE."""
        timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
        transport = CheckedTransport()
        async with httpx2.AsyncClient(transport=transport, timeout=timeout, trust_env=False) as client:
            return await self._follow(client)

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


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
