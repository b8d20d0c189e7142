"""Carries out the tool calls of one attempt that this worker makes itself, side by side in threads."""

import logging
import time
import uuid
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from django.db import connections
from django.utils import timezone

from executions.runner.patience import ask_patiently
from executions.runner.stopping import StopSignal
from executions.worker.keeper import Held
from objectives.adapters.http import CALL_SECONDS, call_http
from objectives.adapters.outcome import Outcome
from objectives.loop.calls import MOST_PARALLEL, write_outcome
from objectives.loop.texts import TextRecorder
from objectives.models import CallError, ToolCall
from objectives.plan import Plan

logger = logging.getLogger(__name__)


class Hands:
    """The calls in hand; to be used as a context, at whose end whatever still goes on is told to stop."""

    def __init__(self, held: Held[TextRecorder]) -> None:
        self._held = held
        # Of its own: a worker that ends lets calls that must not be repeated come to their end first.
        self._stop = StopSignal()
        self._threads = ThreadPoolExecutor(MOST_PARALLEL, thread_name_prefix="call")
        self._going_on: dict[Future[Outcome], ToolCall] = {}
        self._listening = ExitStack()

    def __enter__(self) -> Self:
        self._listening.enter_context(self._held.stop.told(self._hear))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        self._stop.set("cancelled")
        self._threads.shutdown(wait=True)

    @property
    def at_work(self) -> set[uuid.UUID]:
        """The calls in hand whose outcome is not written yet."""
        return {call.id for call in self._going_on.values()}

    def take(self, call: ToolCall, plan: Plan) -> None:
        """Begin with a call whose beginning is written."""
        self._going_on[self._threads.submit(self._carry_out, call, plan)] = call

    def settle(self, seconds: float) -> None:
        """Write what came of calls that are done, waiting at most so long for the first; raises LeaseLost."""
        done, _ = wait(self._going_on, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            outcome = future.result()
            call_id = self._going_on[future].id
            ask_patiently(
                lambda call_id=call_id, outcome=outcome: write_outcome(  # type: ignore[misc]
                    self._held.lease, call_id, outcome, now=timezone.now()
                ),
                check=self._held.require,
            )
            del self._going_on[future]

    def finish_what_cannot_be_repeated(self, seconds: float) -> None:
        """Give calls that must not be repeated so long to come to their end; raises LeaseLost."""
        deadline = time.monotonic() + seconds
        while any(not call.is_safe_to_repeat for call in self._going_on.values()):
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self.settle(left)

    def _hear(self, reason: str) -> None:
        """In the thread of whoever stops the run, since its own may hang in the database."""
        if reason != "shutdown":
            self._stop.set(reason)

    def _carry_out(self, call: ToolCall, plan: Plan) -> Outcome:
        offered = plan.of_function(call.called_as)
        if offered is None:
            return Outcome.failed(CallError.UNKNOWN_TOOL, f"There is no tool {call.called_as!r}.")
        try:
            return call_http(call, offered, deadline=time.monotonic() + CALL_SECONDS, stop=self._stop)
        except Exception:
            logger.exception("The call %s came to nothing", call.id)
            return Outcome.failed(CallError.TOOL_ERROR, "The call failed for a reason of Callboard's own.")
        finally:
            connections.close_all()
