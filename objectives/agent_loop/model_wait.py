"""Waiting for a model: nothing is read from the database, and only the text that comes is written."""

from executions.inference.interface import ModelReply, ModelRequest
from executions.inference.model_request import respond
from executions.runs.log import NewEvent
from executions.runs.worker.heartbeat import HeldLease
from objectives.agent_loop.context import TextRecorder


def wait_for_response(
    held: HeldLease[TextRecorder], request: ModelRequest, *, turn: int, attempt: int
) -> tuple[ModelReply, list[NewEvent]]:
    """What the model answers, and the events of the text that is not written yet; raises ModelError."""
    held.recorder.begin(turn, attempt)
    held.is_interrupted = False  # the decision to ask was a look at the rows; the keeper goes on looking
    try:
        reply = respond(request, on_text=held.recorder.add, stop=BreakingOff(held))
    except BaseException:
        # People keep what they have seen: no response will say it.
        held.recorder.flush()
        raise
    return reply, held.recorder.take()


class BreakingOff:
    """Whether to wait no longer: the run is stopped, or people interrupt its turn.

    The lease keeper reads the rows for all runs of its process.
    """

    def __init__(self, held: HeldLease[TextRecorder]) -> None:
        self._held = held

    def is_set(self) -> bool:
        return self._held.is_interrupted or self._held.stop.is_set()
