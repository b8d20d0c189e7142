"""One worker's time with one objective: from its lease until it is over, waits, or is handed back."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind

from executions.inference.errors import ModelTooLong
from executions.models import RunKind
from executions.runs.db_retry import retry_database
from executions.runs.lease import Lease, LeaseLost
from executions.runs.locks import leased
from executions.runs.verbs import cancel_below, requeue
from executions.runs.worker.context import Bench
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.stop_signal import RunStopped, StopSignal
from executions.runs.worker.tracing import origin_of
from objectives.agent_loop.call_executor import ToolCallExecutor
from objectives.agent_loop.compaction import open_window
from objectives.agent_loop.decision import Ask, Carry, Compact, Finish, Leave, Move, decide
from objectives.agent_loop.endings import try_again
from objectives.agent_loop.model_request import read_objective, trace_of
from objectives.agent_loop.model_step import ask_model, leave
from objectives.agent_loop.texts import TextRecorder
from objectives.models import OVER, Objective

logger = logging.getLogger(__name__)
_tracer = trace.get_tracer("callboard.objectives")

LOOK_SECONDS = 0.5  # how late a call that is approved beside running ones begins, and an interrupt is seen
LAST_CALLS_SECONDS = 10.0  # what a worker that ends gives to calls that must not be repeated
STOPPED_CALLS_SECONDS = 5.0  # and one whose objective is stopped: a cancel is forced after ten


def run_attempt(lease: Lease, taken_at: float, bench: Bench) -> None:
    """Work on a leased objective as long as there is something to do for it.

    `taken_at` is the monotonic time before the lease was taken. A lost lease leaves everything as it is.
    """
    stop = StopSignal()
    with bench.keeper.holding(lease, stop, TextRecorder(lease, stop), taken_at=taken_at) as held:
        try:
            _ObjectiveAttempt(held).run()
        except LeaseLost:
            logger.warning("The lease of %s was lost; nothing more is written", lease.run_id)


class _ObjectiveAttempt:
    """The loop: what is next is read from the rows each time."""

    def __init__(self, held: HeldLease[TextRecorder]) -> None:
        self._held = held
        self._objective = read_objective(held)

    def run(self) -> None:
        with objective_span(self._objective), ToolCallExecutor(self._held) as hands:
            try:
                self._loop(hands)
            except RunStopped as stopped:
                self._stop(stopped.reason, hands)
            except LeaseLost:
                raise
            except Exception:
                logger.exception("The worker failed at %s", self._objective.id)
                self._give_back_broken()
        self._stop_what_it_started()

    def _loop(self, hands: ToolCallExecutor) -> None:
        while True:
            self._held.stop.check()
            move = self._next_move(hands)
            match move:
                case Carry():
                    for call in move.calls:
                        hands.take(call, move.plan)
                    hands.settle(LOOK_SECONDS)
                    goes_on = True
                case Ask():
                    goes_on = self._ask(move.objective)
                case Compact():
                    goes_on = open_window(self._held, move.action)
                case Finish():
                    self._stop_work(hands)
                    goes_on = False
                case Leave():
                    goes_on = False
            if not goes_on:
                return

    def _ask(self, objective: Objective) -> bool:
        """One step; where the provider finds the conversation too long, a shorter one is asked next."""
        try:
            return ask_model(self._held, objective)
        except ModelTooLong as too_long:
            return open_window(self._held, None, too_long)

    def _next_move(self, hands: ToolCallExecutor, *, is_last: bool = False) -> Move:
        held = self._held
        finishes = hands.has_unrepeatable and not is_last
        # The decision may give the lease up: whoever finds it gone meanwhile must not take it for lost.
        held.is_ending = True
        look = retry_database(decide, check=held.require)
        move = look(held.lease, hands.at_work, now=timezone.now(), finishes=finishes)
        held.is_over = isinstance(move, Leave)
        held.is_ending = held.is_over
        return move

    def _stop(self, reason: str, hands: ToolCallExecutor) -> None:
        """Cancelled: the rows say so, and the decision confirms it. A worker that ends hands back."""
        if reason == "lease_lost":
            raise LeaseLost
        if reason == "cancelled":
            self._stop_work(hands)
            return
        hands.finish_what_cannot_be_repeated(LAST_CALLS_SECONDS)
        leave(self._held, self._hand_back)

    def _stop_work(self, hands: ToolCallExecutor) -> None:
        """What may have its effect is waited for a little; of the rest nothing more comes."""
        hands.finish_what_cannot_be_repeated(STOPPED_CALLS_SECONDS)
        self._next_move(hands, is_last=True)

    def _hand_back(self) -> None:
        head, _ = leased(Objective, self._held.lease)
        requeue(head)

    def _give_back_broken(self) -> None:
        message = "The worker failed with an internal error."

        def give_back() -> None:
            head, objective = leased(Objective, self._held.lease)
            try_again(objective, head, message, now=timezone.now())

        leave(self._held, give_back)

    def _stop_what_it_started(self) -> None:
        """Nothing below goes on for an objective that is over; the job of its end makes sure of it."""
        if _is_over(self._objective):
            stop_below = retry_database(cancel_below)
            stop_below(RunKind.OBJECTIVE, self._objective.id, by=None, now=timezone.now())


@retry_database
def _is_over(objective: Objective) -> bool:
    return Objective.objects.filter(pk=objective.pk, state__in=OVER).exists()


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
    with _tracer.start_as_current_span(
        f"invoke_agent {agent}", context, SpanKind.INTERNAL, attributes
    ) as span:
        yield span
