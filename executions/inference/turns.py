"""A request's turn at its provider, beside all others of the worker that ask as the same one."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from math import inf

from executions.inference.choices import BEDROCK, DEMO, ModelChoice
from executions.inference.credentials import identity_of
from executions.inference.errors import ModelHeldBack, ModelStopped, ModelUnavailable
from executions.inference.gates import Gate, Paused, Stopped
from executions.inference.interface import ModelRequest
from executions.inference.kept_clients import kept_clients

# Of one credential in one worker: more than it has agents, since they may have several judged at once.
MOST_CONNECTIONS = 1000
MOST_THREADS = 100  # the same where each request holds a thread
logger = logging.getLogger(__name__)


@asynccontextmanager
async def turn_to_ask(
    choice: ModelChoice, request: ModelRequest, stopped: asyncio.Event
) -> AsyncIterator[None]:
    """The time in which a request may go on; waits for it. Raises ModelHeldBack and ModelStopped.

    Where clients are kept, a limit that the provider tells of in it holds others back.
    """
    if choice.provider == DEMO:
        yield
        return
    not_before = choice.not_before
    seconds = (not_before - datetime.now(UTC)).total_seconds() if not_before else -inf
    if (kept := kept_clients()) is None:
        if seconds > 0:
            raise _held_back(choice, seconds)
        yield
        return
    most = MOST_THREADS if choice.provider == BEDROCK else MOST_CONNECTIONS
    async with kept.lent(("gate", identity_of(choice)), partial(Gate, most)) as gate:
        gate.know_of_pause(seconds)
        async with _place(gate, choice, request, stopped):
            try:
                yield
            except ModelUnavailable as unavailable:
                if unavailable.limited is not None and gate.pause(unavailable.retry_after):
                    logger.warning("All who ask with this key are held back: %s", unavailable.message)
                raise
            gate.note_answer()


@asynccontextmanager
async def _place(
    gate: Gate, choice: ModelChoice, request: ModelRequest, stopped: asyncio.Event
) -> AsyncIterator[None]:
    try:
        async with gate.place(request.space_id, stopped):
            yield
    except Paused as paused:
        raise _held_back(choice, paused.seconds) from None
    except Stopped:
        raise ModelStopped("the request was stopped") from None


def _held_back(choice: ModelChoice, seconds: float) -> ModelHeldBack:
    message = f"{choice.provider} ({choice.name}): wants to be left alone, as it told another request"
    return ModelHeldBack(message, retry_after=seconds)
