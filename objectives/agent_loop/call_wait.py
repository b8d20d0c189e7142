"""Waiting for tool calls, side by side in threads: makes them, or asks the model for auto mode's judgement.

Decision: auto mode can only spare people work. Whatever keeps a judgement from being had (no model, a
provider that does not answer, scores that are none) leaves the call to people, as if there were no auto mode.
"""

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from django.db import connections
from django.utils import timezone

from executions.inference.errors import ModelError, ModelSilent, ModelStopped, ModelUnavailable
from executions.inference.interface import ModelRequest
from executions.inference.model_request import respond
from executions.inference.response_repair import CUT_SHORT
from executions.runs.db_retry import retry_database
from executions.runs.lease import LeaseLost
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.stop_signal import StopSignal
from objectives.agent_loop.call_step import MOST_PARALLEL, Work, keep_outcome, work_on
from objectives.agent_loop.context import AttemptContext, Keep, LockedTurn, TextRecorder
from objectives.agent_loop.endings import answer_problem
from objectives.agent_loop.judgement_step import (
    Judgement,
    close_judging,
    judging_request,
    keep_judgement,
    leave_alone,
    note_judging,
)
from objectives.agent_loop.model_request import CannotAsk, ChosenModel, chosen_model
from objectives.lifecycles.calls import CUT_OFF
from objectives.models import CallError, CallKind, Objective, ToolCall
from objectives.planning.plan import Offered, Plan
from objectives.tool_executors.http import CALL_SECONDS, STOPPED, call_http
from objectives.tool_executors.read_result import read_on
from objectives.tool_results.long_texts import keep_whole, most_inline
from objectives.tool_results.outcome import Outcome

logger = logging.getLogger(__name__)

BROKEN = "The call failed with an internal error."
JUDGING_TRIES = 3  # where no scores come
WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 20.0  # before the second try, and the longest that is worth a try
CLOSING_SECONDS = 1.5  # for what there is of an answer, once no more of it is waited for

type Found = Outcome | Judgement | None
"""What came of a call; None where it was stopped."""


class ToolCallExecutor:
    """The calls in hand; to be used as a context, at whose end whatever still goes on is told to stop."""

    def __init__(self, context: AttemptContext) -> None:
        self._context = context
        self._held = context.held
        # Of their own: a worker that ends lets calls come to their end first, and whoever cancels waits a
        # moment for those that must not be repeated, since what they did cannot be known otherwise.
        self._stop = StopSignal()
        self._last_stop = StopSignal()
        self._threads = ThreadPoolExecutor(MOST_PARALLEL, thread_name_prefix="call")
        self._going_on: dict[Future[Found], ToolCall] = {}
        self._found: list[tuple[ToolCall, Found]] = []
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
        ended = [(call, future.result()) for future, call in self._going_on.items() if not future.exception()]
        for call, found in [*self._found, *ended]:
            if isinstance(found, Judgement):
                # One that came too late was paid for all the same.
                close_judging(call.objective, call, found.spending, now=timezone.now())

    @property
    def at_work(self) -> set[Work]:
        """What is in hand and has not come to its end."""
        return {work_on(call) for call in self._going_on.values()}

    @property
    def has_unrepeatable(self) -> bool:
        """Whether calls are in hand that must not be repeated."""
        return any(not _may_be_dropped(call) for call in self._going_on.values())

    def take(self, call: ToolCall, plan: Plan) -> None:
        """Begin with a call whose beginning is written, or which is to be judged."""
        do = self._judge if call.awaits_judgement else self._carry_out
        self._going_on[self._threads.submit(do, call, plan)] = call

    def wait(self, seconds: float) -> None:
        """Wait at most so long for the first call that is done; what came of it is kept by `keep_found`."""
        done, _ = wait(self._going_on, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            self._found.append((self._going_on[future], future.result()))
            del self._going_on[future]

    def keeps(self) -> list[Keep]:
        """What writes what came of each call that is done."""
        return [partial(_keep_found, call=call, found=found) for call, found in self._found]

    def forget_found(self) -> None:
        """It is written."""
        self._found.clear()

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
            self.wait(left)
            self._context.keep(self.keeps())
            self.forget_found()

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


def _keep_found(turn: LockedTurn, *, call: ToolCall, found: Found) -> None:
    if isinstance(found, Outcome):
        keep_outcome(turn, call.id, found)
    elif found is not None:
        keep_judgement(turn, call.id, found)


def _may_be_dropped(call: ToolCall) -> bool:
    """Whether nothing is lost where a call in hand is stopped at once."""
    return call.is_safe_to_repeat or call.awaits_judgement


def judge(held: HeldLease[TextRecorder], call: ToolCall, plan: Plan, *, stop: StopSignal) -> Judgement | None:
    """Ask the objective's model about a call that awaits its judgement; raises LeaseLost.

    Asks up to JUDGING_TRIES times where no scores come. None where `stop` ended it: nothing is to be written.
    """
    # Others judge beside it, and may have heard that the provider wants to be left alone.
    objective = retry_database(Objective.objects.get, check=held.require)(pk=held.lease.run_id)
    try:
        chosen = chosen_model(objective, plan)
    except CannotAsk as cannot:
        logger.warning("The call %s is left to people: %s", call.id, cannot.message)
        return Judgement()
    question = retry_database(judging_request, check=held.require)
    request = question(objective, call, plan, chosen=chosen, fence=held.lease.fence)
    return _judgement(held, objective, call, request=request, chosen=chosen, stop=stop)


def _judgement(
    held: HeldLease[TextRecorder],
    objective: Objective,
    call: ToolCall,
    *,
    request: ModelRequest,
    chosen: ChosenModel,
    stop: StopSignal,
) -> Judgement | None:
    """Of the same request, made until it gives scores or has been made often enough."""
    until = objective.ask_not_before
    wait = 0.0 if until is None else max((until - timezone.now()).total_seconds(), 0.0)
    for number in range(JUDGING_TRIES):
        if wait > LONGEST_WAIT_SECONDS:
            break
        if stop.wait(wait):
            return None
        wait = WAIT_SECONDS * 4**number
        try:
            found = _scores(held, call, request=request, chosen=chosen, stop=stop)
        except ModelStopped:
            return None
        except ModelUnavailable as unavailable:
            if asked := unavailable.retry_after:
                # Nobody else asks earlier either, who asks for this objective.
                wait = max(wait, asked)
                retry_database(leave_alone, check=held.require)(held.lease, asked, now=timezone.now())
        except ModelError as error:
            logger.warning("No judgement for %s: %s", objective.id, error.message)
            break
        else:
            if found is not None:
                return found
    return Judgement()


def _scores(
    held: HeldLease[TextRecorder],
    call: ToolCall,
    *,
    request: ModelRequest,
    chosen: ChosenModel,
    stop: StopSignal,
) -> Judgement | None:
    """The scores; None for an answer that holds none, be it empty. Raises ModelError."""
    # The intent, before the effect.
    note = retry_database(note_judging, check=held.require)
    note(held.lease, call, request, chosen, now=timezone.now())
    call.fence = held.lease.fence
    try:
        reply = respond(request, on_text=lambda _: None, stop=stop)
    except ModelError as error:
        close_judging(call.objective, call, error.spending, now=timezone.now())
        if isinstance(error, ModelSilent):
            return None
        raise
    is_whole = reply.finish_reason not in CUT_SHORT
    given = reply.answer.arguments if reply.answer and is_whole else None
    if given is None or answer_problem(given, dict(request.answer_schema or {})) is not None:
        close_judging(call.objective, call, reply.spending, now=timezone.now())
        return None
    return Judgement([float(score) for score in given["scores"]], reply.spending)
