"""Waiting for a model: nothing is read from the database, and only the text that comes is written."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from executions.inference.interface import ModelReply, ModelRequest
from executions.inference.model_request import ask_model
from executions.runs.log import NewEvent
from executions.runs.worker.heartbeat import HeldLease
from objectives.agent_loop.context import TextRecorder


async def wait_for_response(
    held: HeldLease[TextRecorder], request: ModelRequest, *, turn: int, attempt: int
) -> tuple[ModelReply, list[NewEvent]]:
    """What the model answers, and the events of the text that is not written yet; raises ModelError."""
    held.recorder.begin(turn, attempt)
    held.is_interrupted = False  # the decision to ask was a look at the rows; the keeper goes on looking
    try:
        with broken_off(held) as stopped:
            reply = await ask_model(request, on_text=held.recorder.add, stopped=stopped)
    except BaseException:
        # People keep what they have seen: no response will say it.
        await held.recorder.flush()
        raise
    return reply, await held.recorder.take()


@contextmanager
def broken_off(held: HeldLease[TextRecorder]) -> Iterator[asyncio.Event]:
    """An event that is set to wait no longer: the run is stopped, or people interrupt its turn.

    The lease keeper reads the rows for all runs of its process.
    """
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def hear(_: object = None) -> None:
        if held.is_interrupted or held.stop.is_set():
            loop.call_soon_threadsafe(stopped.set)

    with held.stop.told(hear), held.told(hear):
        yield stopped
