"""Waiting for tool calls, side by side as tasks: makes them, or asks the model for auto mode's judgement.

Decision: auto mode can only spare people work. Whatever keeps a judgement from being had (no model, a
provider that does not answer, scores that are none) leaves the call to people, as if there were no auto mode.
"""

import asyncio
import logging
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Self

from django.utils import timezone

from executions.inference.errors import ModelError, ModelSilent, ModelStopped, ModelUnavailable
from executions.inference.interface import ModelRequest, Spending
from executions.inference.model_request import ask_model, unheard
from executions.inference.response_repair import CUT_SHORT
from executions.runs.lease import LeaseLost
from objectives.agent_loop.call_step import Work, keep_outcome, work_on
from objectives.agent_loop.context import AttemptContext, Keep, LockedTurn
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
        self._loop = asyncio.get_running_loop()
        # Of their own: a worker that ends lets calls come to their end first, and whoever cancels waits a
        # moment for those that must not be repeated, since what they did cannot be known otherwise.
        self._stopped = asyncio.Event()
        self._last_stopped = asyncio.Event()
        self._news = asyncio.Event()
        self._going_on: dict[asyncio.Task[Found], ToolCall] = {}
        self._found: list[tuple[ToolCall, Found]] = []
        self._listening = ExitStack()

    async def __aenter__(self) -> Self:
        self._listening.enter_context(self._held.stop.told(self._hear))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        self._stopped.set()
        self._last_stopped.set()
        if not self._going_on:
            return
        await asyncio.wait(self._going_on)
        ended = [(call, task.result()) for task, call in self._going_on.items() if not task.exception()]
        for call, found in [*self._found, *ended]:
            if isinstance(found, Judgement):
                # One that came too late was paid for all the same.
                close = partial(close_judging, call.objective, call, found.spending, now=timezone.now())
                await self._context.steps.run(close)

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
        self._going_on[asyncio.create_task(do(call, plan))] = call

    async def wait(self, seconds: float) -> None:
        """Wait at most so long for the first call that is done, or for news of the objective.

        `keeps` writes what came of calls.
        """
        if not self._going_on:
            return
        self._news.clear()
        news = asyncio.ensure_future(self._news.wait())
        with self._held.stop.told(self._tell), self._held.told(self._tell):
            await asyncio.wait({*self._going_on, news}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        news.cancel()
        for task in [task for task in self._going_on if task.done()]:
            self._found.append((self._going_on[task], task.result()))
            del self._going_on[task]

    def keeps(self) -> list[Keep]:
        """What writes what came of each call that is done."""
        return [partial(_keep_found, call=call, found=found) for call, found in self._found]

    def forget_found(self) -> None:
        """It is written."""
        self._found.clear()

    async def finish_what_cannot_be_repeated(self, seconds: float) -> None:
        """Give calls that must not be repeated so long to come to their end; raises LeaseLost.

        One whose answer has begun by then has succeeded or failed already: that is written too.
        """
        await self._settle_unrepeatable(seconds)
        if self.has_unrepeatable:
            self._last_stopped.set()
            await self._settle_unrepeatable(CLOSING_SECONDS)

    async def _settle_unrepeatable(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.has_unrepeatable and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(self._going_on, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            await self.wait(0)
            await self._context.keep(self.keeps())
            self.forget_found()

    def _hear(self, reason: str) -> None:
        """In the thread of whoever stops the run."""
        if reason != "shutdown":
            self._loop.call_soon_threadsafe(self._stopped.set)
        if reason == "lease_lost":
            self._loop.call_soon_threadsafe(self._last_stopped.set)

    def _tell(self, _: object = None) -> None:
        self._loop.call_soon_threadsafe(self._news.set)

    async def _carry_out(self, call: ToolCall, plan: Plan) -> Outcome | None:
        """What came of a call; None where it was stopped: there is nothing to write."""
        offered = plan.of_function(call.called_as)
        if offered is None:
            return Outcome.failed(CallError.UNKNOWN_TOOL, f"There is no tool {call.called_as!r}.")
        stopped = self._stopped if _may_be_dropped(call) else self._last_stopped
        try:
            outcome = await self._made(call, offered, stopped)
            if outcome is STOPPED:
                return None
            most, steps = most_inline(plan.context_tokens), self._context.steps
            drafts = await steps.run(keep_whole, outcome.drafts, most, now=timezone.now())
            return replace(outcome, drafts=drafts)
        except Exception:
            logger.exception("The call %s came to nothing", call.id)
            # Whatever it was, it may have been after the request.
            own_fault = CallError.TOOL_ERROR if call.is_safe_to_repeat else CallError.OUTCOME_UNKNOWN
            return Outcome.failed(own_fault, BROKEN if call.is_safe_to_repeat else f"{BROKEN} {CUT_OFF}")

    async def _made(self, call: ToolCall, offered: Offered, stopped: asyncio.Event) -> Outcome:
        steps = self._context.steps
        if offered.kind == CallKind.READING:
            return await steps.run(read_on, call, offered)
        deadline = time.monotonic() + CALL_SECONDS
        return await call_http(call, offered, deadline=deadline, stopped=stopped, steps=steps)

    async def _judge(self, call: ToolCall, plan: Plan) -> Judgement | None:
        try:
            return await judge(self._context, call, plan, stopped=self._stopped)
        except LeaseLost:
            raise
        except Exception:
            logger.exception("The call %s could not be judged", call.id)
            return Judgement()


def _keep_found(turn: LockedTurn, *, call: ToolCall, found: Found) -> None:
    if isinstance(found, Outcome):
        keep_outcome(turn, call.id, found)
    elif found is not None:
        keep_judgement(turn, call.id, found)


def _may_be_dropped(call: ToolCall) -> bool:
    """Whether nothing is lost where a call in hand is stopped at once."""
    return call.is_safe_to_repeat or call.awaits_judgement


async def judge(
    context: AttemptContext, call: ToolCall, plan: Plan, *, stopped: asyncio.Event
) -> Judgement | None:
    """Ask the objective's model about a call that awaits its judgement; raises LeaseLost.

    Asks up to JUDGING_TRIES times where no scores come. None where it was `stopped`: nothing is to be
    written.
    """
    held = context.held
    # Others judge beside it, and may have heard that the provider wants to be left alone.
    objective = await context.read(Objective.objects.get, pk=held.lease.run_id)
    try:
        chosen = await context.read(chosen_model, objective, plan)
    except CannotAsk as cannot:
        logger.warning("The call %s is left to people: %s", call.id, cannot.message)
        return Judgement()
    request = await context.read(
        judging_request, objective, call, plan, chosen=chosen, fence=held.lease.fence
    )
    return await _judgement(context, objective, call, request=request, chosen=chosen, stopped=stopped)


async def _judgement(
    context: AttemptContext,
    objective: Objective,
    call: ToolCall,
    *,
    request: ModelRequest,
    chosen: ChosenModel,
    stopped: asyncio.Event,
) -> Judgement | None:
    """Of the same request, made until it gives scores or has been made often enough."""
    until = objective.ask_not_before
    wait = 0.0 if until is None else max((until - timezone.now()).total_seconds(), 0.0)
    for number in range(JUDGING_TRIES):
        if wait > LONGEST_WAIT_SECONDS:
            break
        if await _is_stopped_within(stopped, wait):
            return None
        wait = WAIT_SECONDS * 4**number
        try:
            found = await _scores(context, call, request=request, chosen=chosen, stopped=stopped)
        except ModelStopped:
            return None
        except ModelUnavailable as unavailable:
            if asked := unavailable.retry_after:
                # Nobody else asks earlier either, who asks for this objective.
                wait = max(wait, asked)
                await context.read(leave_alone, context.held.lease, unavailable, now=timezone.now())
        except ModelError as error:
            logger.warning("No judgement for %s: %s", objective.id, error.message)
            break
        else:
            if found is not None:
                return found
    return Judgement()


async def _is_stopped_within(stopped: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopped.wait(), seconds)
    return stopped.is_set()


async def _scores(
    context: AttemptContext,
    call: ToolCall,
    *,
    request: ModelRequest,
    chosen: ChosenModel,
    stopped: asyncio.Event,
) -> Judgement | None:
    """The scores; None for an answer that holds none, be it empty. Raises ModelError."""
    lease = context.held.lease

    async def close(spending: Spending | None) -> None:
        await context.steps.run(close_judging, call.objective, call, spending, now=timezone.now())

    # The intent, before the effect.
    await context.read(note_judging, lease, call, request, chosen, now=timezone.now())
    call.fence = lease.fence
    try:
        reply = await ask_model(request, on_text=unheard, stopped=stopped)
    except ModelError as error:
        await close(error.spending)
        if isinstance(error, ModelSilent):
            return None
        raise
    is_whole = reply.finish_reason not in CUT_SHORT
    given = reply.answer.arguments if reply.answer and is_whole else None
    if given is None or answer_problem(given, dict(request.answer_schema or {})) is not None:
        await close(reply.spending)
        return None
    return Judgement([float(score) for score in given["scores"]], reply.spending)
