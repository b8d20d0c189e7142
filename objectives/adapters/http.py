"""Carrying out a tool call over HTTP: within limits of time and size, and to public addresses only."""

import asyncio
import io
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urljoin, urlsplit

import httpx2
from django.utils import timezone
from pydantic import SecretStr

from executions.redacting import Redaction
from executions.runner.patience import ask_patiently
from objectives.actions.secrets import open_secrets
from objectives.adapters.addresses import CONNECT_SECONDS, AddressRefused, CheckedTransport
from objectives.adapters.requesting import RequestInvalid, ToolRequest, build_request, wanted_secrets
from objectives.adapters.reshaping import reshaped
from objectives.models import CallError, ToolCall
from objectives.planning.plan import Offered
from objectives.results.outcome import MOST_TEXT, Media, Outcome, Text, media_type
from objectives.vault import CannotOpen
from spaces.blobs import store_blob

CALL_SECONDS = 60.0
MOST_BYTES = 5 * 1024 * 1024  # of an answer, unpacked
MOST_ERROR_TEXT = 2_000  # characters of an error answer that the model reads
MOST_REDIRECTS = 5
STOP_POLL_SECONDS = 0.1
UNKNOWN = "whether it acted is unknown, and it must not be asked again"
_SVG = "image/svg+xml"  # may carry a script: it is text here
_MEDIA: tuple[Literal["image"], Literal["audio"]] = ("image", "audio")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})


class Stop(Protocol):
    """Says that the work must not go on."""

    def is_set(self) -> bool: ...


class _Stopped(Exception):
    """Nobody needs the outcome any more."""


class _SecretMissing(Exception):
    """A template names a secret that is not to be had; the message says so."""


class _TooLarge(Exception):
    """The answer is larger than allowed."""


# How an exchange may fail.
_TROUBLE = (AddressRefused, _TooLarge, httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError, ValueError)


def call_http(call: ToolCall, offered: Offered, *, deadline: float, stop: Stop) -> Outcome:
    """Send the request of a call and take its answer; for a thread without an event loop.

    `deadline` is monotonic. Ends within half a second of `stop`. Whatever goes wrong is an outcome with an
    error, and nothing in an outcome repeats the value of a secret.
    """
    try:
        request = build_request(call, offered, _opened(call, offered, stop))
        with asyncio.Runner() as runner:
            answer = runner.run(_within_limits(request, deadline, stop, is_safe=call.is_safe_to_repeat))
        # What is kept goes to the database, which is not for the event loop.
        if isinstance(answer, Outcome):
            return answer
        redaction = Redaction(request.secrets)
        return reshaped(_outcome(answer, redaction, stop), call, offered, redaction)
    except _Stopped:
        return Outcome.failed(CallError.TOOL_ERROR, "The call was stopped.")
    except _SecretMissing as missing:
        return Outcome.failed(CallError.SECRET_MISSING, str(missing))
    except RequestInvalid as invalid:
        return Outcome.failed(CallError.TOOL_ERROR, str(invalid))


def _opened(call: ToolCall, offered: Offered, stop: Stop) -> dict[str, SecretStr]:
    """The secrets that the templates name, noted in the call; raises _SecretMissing."""
    names, tool_set_id = wanted_secrets(offered), uuid.UUID(offered.tool_set_id)
    try:
        found = _patiently(
            lambda: open_secrets(call.space_id, tool_set_id, call.objective_id, sorted(names)), stop
        )
    except CannotOpen:
        raise _SecretMissing("A secret cannot be opened with the keys at hand.") from None
    if missing := sorted(names - found.keys()):
        raise _SecretMissing(f"There is no secret {', '.join(missing)}.")
    resolved = [{"key": name, "source": source.value} for name, (_, source) in sorted(found.items())]
    if resolved != call.resolved_secrets:
        _patiently(lambda: ToolCall.objects.filter(pk=call.pk).update(resolved_secrets=resolved), stop)
    return {name: value for name, (value, _) in found.items()}


def _patiently[Answer](step: Callable[[], Answer], stop: Stop) -> Answer:
    """A database that is away for a moment fails no call: it may be one that must not be made again."""

    def check() -> None:
        if stop.is_set():
            raise _Stopped

    return ask_patiently(step, check=check)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the tool answered; `charset` "" where it did not say."""

    status: int
    mime_type: str
    charset: str
    content: bytes


async def _within_limits(
    request: ToolRequest, deadline: float, stop: Stop, *, is_safe: bool
) -> _Answer | Outcome:
    exchange = asyncio.ensure_future(_exchange(request))
    try:
        while not exchange.done():
            if stop.is_set():
                raise _Stopped
            if time.monotonic() >= deadline:
                return _unanswered(CallError.TIMEOUT, "The tool did not answer in time", is_safe=is_safe)
            await asyncio.wait({exchange}, timeout=STOP_POLL_SECONDS)
        return exchange.result()
    except _TROUBLE as error:
        return _failed(error, is_safe=is_safe)
    finally:
        exchange.cancel()
        await asyncio.wait({exchange}, timeout=1)


def _failed(error: Exception, *, is_safe: bool) -> Outcome:
    """What is told of an exchange that failed: what errors say may hold the address, and that a secret."""
    match error:
        case AddressRefused():
            return Outcome.failed(CallError.UNREACHABLE, "The tool's address is not a public one.")
        case _TooLarge():
            return Outcome.failed(CallError.TOO_LARGE, f"The answer is larger than {MOST_BYTES} bytes.")
        case httpx2.DecodingError():
            return Outcome.failed(CallError.TOOL_ERROR, "The tool's answer cannot be unpacked.")
        case httpx2.ReadError() | httpx2.WriteError() | httpx2.CloseError() | httpx2.RemoteProtocolError():
            # The request was under way: the tool may have it.
            kind = CallError.UNREACHABLE if is_safe else CallError.OUTCOME_UNKNOWN
            return _unanswered(kind, "The connection broke before the tool had answered", is_safe=is_safe)
    return Outcome.failed(CallError.UNREACHABLE, "The tool could not be reached.")


def _unanswered(kind: CallError, message: str, *, is_safe: bool) -> Outcome:
    return Outcome.failed(kind, f"{message}." if is_safe else f"{message}: {UNKNOWN}.")


async def _exchange(request: ToolRequest) -> _Answer | Outcome:
    """One request and, within limits, the redirects that follow from it."""
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    async with httpx2.AsyncClient(transport=CheckedTransport(), timeout=timeout, trust_env=False) as client:
        method, url, headers, body = request.method, request.url, dict(request.headers), request.body
        for _ in range(MOST_REDIRECTS + 1):
            async with client.stream(method, url, headers=headers, content=body) as answer:
                target = answer.headers.get("location")
                if answer.status_code not in _REDIRECTS or not target:
                    return await _read(answer)
            following = urljoin(url, target)
            if _origin(following) != _origin(url):
                if method not in _SAFE:
                    break
                headers, body = {}, None  # credentials are for whom they were configured, and nobody else
            if answer.status_code == 303 or (answer.status_code in {301, 302} and method == "POST"):
                method, body = "GET", None
            url = following
    return Outcome.failed(CallError.UNREACHABLE, "The tool redirects where the call may not follow.")


async def _read(answer: httpx2.Response) -> _Answer:
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > MOST_BYTES:
            raise _TooLarge
    mime_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return _Answer(answer.status_code, mime_type, answer.charset_encoding or "", bytes(content))


def _outcome(answer: _Answer, redaction: Redaction, stop: Stop) -> Outcome:
    if answer.status >= 300:
        said = redaction.of_text(_decoded(answer))[:MOST_ERROR_TEXT]
        message = f"The tool answered {answer.status}: {said}".rstrip(": ")
        return Outcome.failed(CallError.TOOL_ERROR, message)
    if kind := _media_kind(answer):
        if redaction.is_needed(answer.content) or redaction.is_needed(answer.mime_type.encode()):
            return Outcome.failed(CallError.TOOL_ERROR, f"The {kind} repeats a secret: it is not kept.")
        blob = _patiently(lambda: store_blob(io.BytesIO(answer.content), now=timezone.now()), stop)
        return Outcome([Media(kind, blob.sha256, answer.mime_type, blob.size_bytes)])
    text = redaction.of_text(_decoded(answer))
    if len(text) > MOST_TEXT:
        return Outcome.failed(CallError.TOO_LARGE, f"The answer has more than {MOST_TEXT} characters.")
    return Outcome([Text(text)])


def _media_kind(answer: _Answer) -> Literal["image", "audio"] | None:
    if not answer.content or answer.mime_type == _SVG or not media_type(answer.mime_type):
        return None
    return next((kind for kind in _MEDIA if answer.mime_type.startswith(f"{kind}/")), None)


def _decoded(answer: _Answer) -> str:
    """The text of an answer in whatever charset it claims; NUL, which we cannot keep, is replaced."""
    try:
        text = answer.content.decode(answer.charset or "utf-8", "replace")
    except LookupError:
        text = answer.content.decode("utf-8", "replace")
    return text.replace("\0", "\ufffd")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
