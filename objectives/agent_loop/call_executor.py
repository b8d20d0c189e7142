"""What one attempt does for tool calls, side by side in threads: makes them, or asks auto mode about them."""

import logging
import time
import uuid
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from django.db import connections
from django.utils import timezone

from executions.runs.db_retry import retry_database
from executions.runs.lease import LeaseLost
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.stop_signal import StopSignal
from objectives.agent_loop.auto_approval import close_judging, judge
from objectives.agent_loop.judgement import Judgement, write_judgement
from objectives.agent_loop.texts import TextRecorder
from objectives.agent_loop.tool_calls import MOST_PARALLEL, Work, work_on, write_outcome
from objectives.lifecycles.calls import CUT_OFF
from objectives.models import CallError, CallKind, ToolCall
from objectives.planning.plan import Offered, Plan
from objectives.tool_executors.http import CALL_SECONDS, STOPPED, call_http
from objectives.tool_executors.read_result import read_on
from objectives.tool_results.long_texts import keep_whole, most_inline
from objectives.tool_results.outcome import Outcome

logger = logging.getLogger(__name__)

BROKEN = "The call failed with an internal error."
CLOSING_SECONDS = 1.5  # for what there is of an answer, once no more of it is waited for


class ToolCallExecutor:
    """The calls in hand; to be used as a context, at whose end whatever still goes on is told to stop."""

    def __init__(self, held: HeldLease[TextRecorder]) -> None:
        self._held = held
        # Of their own: a worker that ends lets calls come to their end first, and whoever cancels waits a
        # moment for those that must not be repeated, since what they did cannot be known otherwise.
        self._stop = StopSignal()
        self._last_stop = StopSignal()
        self._threads = ThreadPoolExecutor(MOST_PARALLEL, thread_name_prefix="call")
        self._going_on: dict[Future[Outcome | Judgement | None], ToolCall] = {}
        self._listening = ExitStack()

    def __enter__(self) -> Self:
        self._listening.enter_context(self._held.stop.told(self._hear))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        self._stop.set("cancelled")
        self._last_stop.set("cancelled")
        self._threads.shutdown(wait=True)
        for future, call in self._going_on.items():
            found = None if future.exception() else future.result()
            if isinstance(found, Judgement):
                self._keep_unused(call, found)

    @property
    def at_work(self) -> set[Work]:
        """What is in hand and whose outcome is not written yet."""
        return {work_on(call) for call in self._going_on.values()}

    @property
    def has_unrepeatable(self) -> bool:
        """Whether calls are in hand that must not be repeated."""
        return any(not _may_be_dropped(call) for call in self._going_on.values())

    def take(self, call: ToolCall, plan: Plan) -> None:
        """Begin with a call whose beginning is written, or which is to be judged."""
        do = self._judge if call.awaits_judgement else self._carry_out
        self._going_on[self._threads.submit(do, call, plan)] = call

    def settle(self, seconds: float) -> None:
        """Write what came of calls that are done, waiting at most so long for the first; raises LeaseLost."""
        done, _ = wait(self._going_on, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            self._write(self._going_on[future].id, future.result())
            del self._going_on[future]

    def _write(self, call_id: uuid.UUID, found: Outcome | Judgement | None) -> None:
        lease = self._held.lease

        def write() -> None:
            if isinstance(found, Outcome):
                write_outcome(lease, call_id, found, now=timezone.now())
            elif found is not None:
                write_judgement(lease, call_id, found, now=timezone.now())

        retry_database(write, check=self._held.require)()

    def _keep_unused(self, call: ToolCall, judgement: Judgement) -> None:
        """A judgement that came too late was paid for all the same."""
        close_judging(call.objective, call, judgement.spending, now=timezone.now())

    def finish_what_cannot_be_repeated(self, seconds: float) -> None:
        """Give calls that must not be repeated so long to come to their end; raises LeaseLost.

        One whose answer has begun by then has succeeded or failed already: that is written too.
        """
        self._settle_unrepeatable(seconds)
        if self.has_unrepeatable:
            self._last_stop.set("cancelled")
            self._settle_unrepeatable(CLOSING_SECONDS)

    def _settle_unrepeatable(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.has_unrepeatable and (left := deadline - time.monotonic()) > 0:
            self.settle(left)

    def _hear(self, reason: str) -> None:
        """In the thread of whoever stops the run, since its own may hang in the database."""
        if reason != "shutdown":
            self._stop.set(reason)
        if reason == "lease_lost":
            self._last_stop.set(reason)

    def _carry_out(self, call: ToolCall, plan: Plan) -> Outcome | None:
        """What came of a call; None where it was stopped: there is nothing to write."""
        offered = plan.of_function(call.called_as)
        if offered is None:
            return Outcome.failed(CallError.UNKNOWN_TOOL, f"There is no tool {call.called_as!r}.")
        stop = self._stop if _may_be_dropped(call) else self._last_stop
        try:
            outcome = self._made(call, offered, stop)
            if outcome is STOPPED:
                return None
            most = most_inline(plan.context_tokens)
            drafts = retry_database(keep_whole)(outcome.drafts, most, now=timezone.now())
            return replace(outcome, drafts=drafts)
        except Exception:
            logger.exception("The call %s came to nothing", call.id)
            # Whatever it was, it may have been after the request.
            own_fault = CallError.TOOL_ERROR if call.is_safe_to_repeat else CallError.OUTCOME_UNKNOWN
            return Outcome.failed(own_fault, BROKEN if call.is_safe_to_repeat else f"{BROKEN} {CUT_OFF}")
        finally:
            connections.close_all()

    def _made(self, call: ToolCall, offered: Offered, stop: StopSignal) -> Outcome:
        if offered.kind == CallKind.READING:
            return retry_database(read_on)(call, offered)
        return call_http(call, offered, deadline=time.monotonic() + CALL_SECONDS, stop=stop)

    def _judge(self, call: ToolCall, plan: Plan) -> Judgement | None:
        try:
            return judge(self._held, call, plan, stop=self._stop)
        except LeaseLost:
            raise
        except Exception:
            logger.exception("The call %s could not be judged", call.id)
            return Judgement()
        finally:
            connections.close_all()


def _may_be_dropped(call: ToolCall) -> bool:
    """Whether nothing is lost where a call in hand is stopped at once."""
    return call.is_safe_to_repeat or call.awaits_judgement
