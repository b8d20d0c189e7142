"""One worker's time with one objective: from its lease until it is over, waits, or is handed back.

It alternates between steps, which decide and write under the lease, and waits (see `context`).
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind

from executions.inference.errors import ModelError, ModelTooLong
from executions.models import RunKind
from executions.runs.lease import Lease, LeaseLost
from executions.runs.verbs import cancel_below, requeue
from executions.runs.worker.context import Bench
from executions.runs.worker.stop_signal import RunStopped, StopSignal
from executions.runs.worker.tracing import origin_of
from objectives.agent_loop.call_wait import ToolCallExecutor
from objectives.agent_loop.compaction import open_window
from objectives.agent_loop.context import AttemptContext, Keep, LockedTurn, TextRecorder
from objectives.agent_loop.decision import Ask, Carry, Compact, Finish, Leave, Move, decide
from objectives.agent_loop.endings import try_again
from objectives.agent_loop.model_request import CannotAsk, Conversation, Question, question_of, trace_of
from objectives.agent_loop.model_step import (
    CONTENT_FILTER,
    Response,
    after_error,
    give_up,
    note_use,
)
from objectives.agent_loop.model_wait import wait_for_response
from objectives.agent_loop.recovery import close_request, has_answered_nothing
from objectives.agent_loop.requested_calls import arguments_of
from objectives.models import ErrorType, Objective

logger = logging.getLogger(__name__)
_tracer = trace.get_tracer("callboard.objectives")

LOOK_SECONDS = 10.0  # between looks at the rows while calls run, in case that news of a change is lost
LAST_CALLS_SECONDS = 10.0  # what a worker that ends gives to calls that must not be repeated
STOPPED_CALLS_SECONDS = 5.0  # and one whose objective is stopped: a cancel is forced after ten


async def run_attempt(lease: Lease, taken_at: float, bench: Bench) -> None:
    """Work on a leased objective as long as there is something to do for it, in the worker's event loop.

    `taken_at` is the monotonic time before the lease was taken. A lost lease leaves everything as it is.
    """
    stop = StopSignal()
    recorder = TextRecorder(lease, stop, bench.texts)
    with bench.keeper.holding(lease, stop, recorder, taken_at=taken_at) as held:
        context = AttemptContext(held, bench.steps)
        try:
            async with ToolCallExecutor(context) as hands:
                await _work(context, hands)
            if context.is_over:
                # Nothing below goes on for an objective that is over; the job of its end makes sure of it.
                below = RunKind.OBJECTIVE, lease.run_id
                await bench.steps.run(cancel_below, *below, by=None, now=timezone.now())
        except LeaseLost:
            logger.warning("The lease of %s was lost; nothing more is written", lease.run_id)


async def _work(context: AttemptContext, hands: ToolCallExecutor) -> None:
    """The loop, and its ends that the rows do not know of beforehand."""
    try:
        context.held.stop.check()
        move = await _next_move(context, hands)
        with objective_span(context.objective):
            await _go_on(context, hands, move)
    except RunStopped as stopped:
        if stopped.reason == "lease_lost":
            raise LeaseLost from None
        if stopped.reason == "cancelled":
            # The rows say so, and the decision confirms it.
            await _stop_work(context, hands)
        else:
            await hands.finish_what_cannot_be_repeated(LAST_CALLS_SECONDS)
            await context.step(lambda turn: requeue(turn.head))
    except LeaseLost:
        raise
    except Exception:
        logger.exception("The worker failed at %s", context.held.lease.run_id)
        message = "The worker failed with an internal error."
        await context.step(lambda turn: try_again(turn.objective, turn.head, message, now=turn.now))


async def _go_on(context: AttemptContext, hands: ToolCallExecutor, move: Move) -> None:
    """Wait for what the newest step has begun; what came of it is kept with the next step, which decides."""
    talk: Conversation | None = None
    while True:
        keeps: Sequence[Keep] = ()
        match move:
            case Carry():
                for call in move.calls:
                    hands.take(call, move.plan)
                await hands.wait(LOOK_SECONDS)
                keeps = hands.keeps()
            case Ask():
                response = await _ask(context, move, talk)
                keeps, talk = ([response.keep], response.question.talk) if response else ((), None)
            case Compact():
                talk = None
                await open_window(context, move.objective, move.plan, action=move.action)
            case Finish():
                await _stop_work(context, hands)
            case Leave():
                return
        if context.held.is_over:
            return
        if context.held.stop.reason is not None:
            # Nothing more begins, but what came is kept.
            await _keep(context, hands, keeps)
        context.held.stop.check()
        move = await _next_move(context, hands, keeps)


async def _ask(context: AttemptContext, move: Ask, known: Conversation | None) -> Response | None:
    """The model's response; None where what became of the question is written already."""
    held, objective = context.held, move.objective
    try:
        # Nobody waits for this objective meanwhile: a conversation may be megabytes.
        question = await context.read(_question, move, fence=held.lease.fence, known=known)
        reply, texts = await wait_for_response(
            held, question.request, turn=objective.turn, attempt=objective.attempt
        )
    except CannotAsk as cannot:
        await context.step(give_up, cannot.error, cannot.message)
        return None
    except ModelTooLong as too_long:
        # A shorter one is asked next.
        await context.steps.run(close_request, objective, None, now=timezone.now())
        await open_window(context, objective, move.plan, refused=too_long)
        return None
    except ModelError as error:
        await after_error(context, objective, error)
        return None
    if reply.finish_reason == "content_filter":
        await context.steps.run(close_request, objective, reply.spending, now=timezone.now())
        await context.step(give_up, ErrorType.MODEL_ERROR, CONTENT_FILTER, texts)
        return None
    # Templates take their time: neither the event loop nor a step waits for them.
    arguments = await asyncio.to_thread(arguments_of, reply.tool_calls, move.plan, objective)
    return Response(question, reply, texts, arguments)


def _question(move: Ask, *, fence: int, known: Conversation | None) -> Question:
    """What the model is asked; that its key is used is noted now: no failure behind the answer costs it."""
    is_repeated = not move.is_unasked and has_answered_nothing(move.objective)
    question = question_of(move.objective, move.plan, fence=fence, known=known, is_repeated=is_repeated)
    note_use(question.chosen)
    return question


async def _next_move(
    context: AttemptContext, hands: ToolCallExecutor, keeps: Sequence[Keep] = (), *, is_last: bool = False
) -> Move:
    """Keep what came of the last wait and decide what comes next, in one step."""
    at_work, finishes = hands.at_work, hands.has_unrepeatable and not is_last

    def keep_and_decide(turn: LockedTurn) -> Move:
        for keep in keeps:
            keep(turn)
        return decide(turn, at_work, finishes=finishes)

    try:
        move = await context.step(keep_and_decide)
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception:
        # What was paid for, or had its effect, stays even where what follows from it cannot be written.
        await _keep(context, hands, keeps)
        raise
    hands.forget_found()
    return move


async def _keep(context: AttemptContext, hands: ToolCallExecutor, keeps: Sequence[Keep]) -> None:
    await context.keep(keeps)
    hands.forget_found()


async def _stop_work(context: AttemptContext, hands: ToolCallExecutor) -> None:
    """What may have its effect is waited for a little; of the rest nothing more comes."""
    await hands.finish_what_cannot_be_repeated(STOPPED_CALLS_SECONDS)
    await _next_move(context, hands, is_last=True)


@contextmanager
def objective_span(objective: Objective) -> Iterator[Span]:
    """A span around one attempt; the model requests in it are its children."""
    agent = str(objective.agent_snapshot.get("metadata", {}).get("name", ""))
    context = trace.set_span_in_context(NonRecordingSpan(origin_of(objective.trace_id)))
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent,
        "callboard.space.id": str(objective.space_id),
        "callboard.attempt": objective.attempt,
        **trace_of(objective),
    }
    # How the attempt ends is no exception of the agent's.
    with _tracer.start_as_current_span(
        f"invoke_agent {agent}",
        context,
        SpanKind.INTERNAL,
        attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span
