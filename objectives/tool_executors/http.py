"""Carrying out a tool call over HTTP: within limits of time and size, and to public addresses only."""

import asyncio
import time
import uuid
from typing import Final

import httpx2
from django.utils import timezone
from pydantic import SecretStr

from executions.redaction import Redaction
from executions.runs.worker.steps import Steps
from objectives.actions.secrets import open_secrets
from objectives.encryption import CannotOpen
from objectives.models import CallError, ToolCall
from objectives.planning.plan import Offered
from objectives.tool_executors.http_exchange import MOST_BYTES, TROUBLE, Exchange, HttpAnswer, RedirectRefused
from objectives.tool_executors.http_request import RequestInvalid, build_request, wanted_secrets
from objectives.tool_executors.http_response import outcome_of_answer
from objectives.tool_executors.overlaid_results import reshaped
from objectives.tool_executors.public_addresses import AddressRefused
from objectives.tool_results.outcome import Outcome

__all__ = ["CALL_SECONDS", "MOST_BYTES", "STOPPED", "UNKNOWN", "call_http"]

CALL_SECONDS = 60.0
CLOSING_SECONDS = 1.0
UNKNOWN = "it may have had its effect, so it must not simply be repeated"
STOPPED: Final = Outcome.failed(CallError.TOOL_ERROR, "The call was stopped.")


class _Stopped(Exception):
    """Nobody needs the outcome any more."""


class _SecretMissing(Exception):
    """A template names a secret that is not to be had; the message says so."""


async def call_http(
    call: ToolCall, offered: Offered, *, deadline: float, stopped: asyncio.Event, steps: Steps
) -> Outcome:
    """Send the request of a call and take its answer.

    `deadline` is monotonic. Ends soon after it is `stopped`, as STOPPED unless the tool has said already
    what became of a call that must not be repeated. Whatever goes wrong is an outcome with an error, and
    nothing in an outcome repeats the value of a secret.
    """
    is_safe = call.is_safe_to_repeat
    try:
        secrets = await _opened(call, offered, stopped, steps)
        request = await asyncio.to_thread(build_request, call, offered, secrets)
        exchange = Exchange(request, tool_set_id=offered.tool_set_id, is_safe=is_safe)
        answer = await _within_limits(exchange, deadline, stopped, is_safe=is_safe)
        if isinstance(answer, Outcome):
            return answer
        redaction = Redaction(request.secrets)
        # Also where the call was stopped by now: what the tool answered is known.
        outcome = await steps.run(outcome_of_answer, answer, redaction, is_safe=is_safe, now=timezone.now())
        return await asyncio.to_thread(reshaped, outcome, call, offered, redaction)
    except _Stopped:
        return STOPPED
    except _SecretMissing as missing:
        return Outcome.failed(CallError.SECRET_MISSING, str(missing))
    except RequestInvalid as invalid:
        return Outcome.failed(CallError.TOOL_ERROR, str(invalid))


async def _opened(
    call: ToolCall, offered: Offered, stopped: asyncio.Event, steps: Steps
) -> dict[str, SecretStr]:
    """The secrets that the templates name, noted in the call; raises _SecretMissing.

    A database that is away for a moment fails no call: it may be one that must not be made again.
    """

    def check() -> None:
        if stopped.is_set():
            raise _Stopped

    names, tool_set_id = wanted_secrets(offered), uuid.UUID(offered.tool_set_id)
    if not names and not call.resolved_secrets:
        check()
        return {}
    try:
        wanted = call.space_id, tool_set_id, call.objective_id, sorted(names)
        found = await steps.run_while(check, open_secrets, *wanted)
    except CannotOpen:
        raise _SecretMissing("A secret cannot be decrypted with the configured ENCRYPTION_KEYS.") from None
    if missing := sorted(names - found.keys()):
        raise _SecretMissing(f"There is no secret {', '.join(missing)}.")
    resolved = [{"key": name, "source": source.value} for name, (_, source) in sorted(found.items())]
    if resolved != call.resolved_secrets:
        row = ToolCall.objects.filter(pk=call.pk)
        await steps.run_while(check, row.update, resolved_secrets=resolved)
    return {name: value for name, (value, _) in found.items()}


async def _within_limits(
    exchange: Exchange, deadline: float, stopped: asyncio.Event, *, is_safe: bool
) -> HttpAnswer | Outcome:
    going_on, told = asyncio.ensure_future(exchange.run()), asyncio.ensure_future(stopped.wait())
    try:
        left = max(deadline - time.monotonic(), 0)
        await asyncio.wait({going_on, told}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if going_on.done():
            return going_on.result()
        if not told.done():
            begun = _begun(exchange, "Its response did not complete in time", is_safe=is_safe)
            late = "The tool did not answer in time"
            return begun or _unanswered(CallError.TIMEOUT, late, is_safe=is_safe)
        why = "It was stopped before its response was complete"
        answer = None if is_safe else _begun(exchange, why, is_safe=is_safe)
        if answer is None:
            raise _Stopped
        return answer
    except httpx2.DecodingError as error:
        begun = _begun(exchange, "Its response could not be decompressed", is_safe=is_safe)
        return begun or _failed(error, is_safe=is_safe)
    except TROUBLE as error:
        begun = _begun(exchange, "The connection broke before its response was complete", is_safe=is_safe)
        return begun or _failed(error, is_safe=is_safe)
    finally:
        told.cancel()
        going_on.cancel()
        await asyncio.wait({going_on}, timeout=CLOSING_SECONDS)


def _begun(exchange: Exchange, why: str, *, is_safe: bool) -> HttpAnswer | None:
    """What came of an answer that broke off, where its head says enough: an error, or a success that counts.

    None where there is no head, or where the call had better be made again.
    """
    answer = exchange.answer
    if answer is None or (answer.is_success and is_safe):
        return None
    answer.cut = f"{why}: {len(answer.content):,} bytes of it were read."
    return answer


def _failed(error: Exception, *, is_safe: bool) -> Outcome:
    """What is told of an exchange that failed: what errors say may hold the address, and that a secret."""
    match error:
        case AddressRefused():
            return Outcome.failed(CallError.UNREACHABLE, "The tool's address is not public.")
        case RedirectRefused():
            message = "The tool redirected to an address that is not allowed."
            return Outcome.failed(CallError.UNREACHABLE, message)
        case httpx2.DecodingError():
            return Outcome.failed(CallError.TOOL_ERROR, "The tool's response could not be decompressed.")
        case httpx2.ReadError() | httpx2.WriteError() | httpx2.CloseError() | httpx2.RemoteProtocolError():
            # The request was under way: the tool may have it.
            kind = CallError.UNREACHABLE if is_safe else CallError.OUTCOME_UNKNOWN
            return _unanswered(kind, "The connection broke before the tool had answered", is_safe=is_safe)
    return Outcome.failed(CallError.UNREACHABLE, "The tool could not be reached.")


def _unanswered(kind: CallError, message: str, *, is_safe: bool) -> Outcome:
    return Outcome.failed(kind, f"{message}." if is_safe else f"{message}: {UNKNOWN}.")
