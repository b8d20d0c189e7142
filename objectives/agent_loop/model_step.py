"""One step of the loop: the model is asked once, and everything that follows from its response is kept."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from executions.inference.choices import ModelChoice
from executions.inference.errors import (
    ModelError,
    ModelQuotaSpent,
    ModelSilent,
    ModelStopped,
    ModelTooLong,
    ModelUnavailable,
)
from executions.inference.interface import ModelReply, ModelRequest, StopCheck
from executions.inference.model_request import respond
from executions.inference.tool_names import FINAL_ANSWER
from executions.postgres_text import storable, storable_text
from executions.runs.db_retry import retry_database
from executions.runs.event_kinds import EventKind
from executions.runs.lease import Lease
from executions.runs.locks import leased
from executions.runs.log import NewEvent
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.stop_signal import RunStopped
from objectives.agent_loop.charges import CHARGED, charge, close_request, has_answered_nothing, note_asking
from objectives.agent_loop.endings import fail_objective
from objectives.agent_loop.model_request import (
    CannotAsk,
    ChosenModel,
    Conversation,
    chosen_model,
    conversation_of,
    note_use,
    sent_beside,
    step_request,
)
from objectives.agent_loop.outages import ANSWERED, note_answer, wait_for_provider
from objectives.agent_loop.requested_calls import Requested, arguments_of, requested_calls, requested_events
from objectives.agent_loop.texts import TextRecorder
from objectives.events import callable_facts, event, identity_facts
from objectives.ids import Json
from objectives.lifecycles.objectives import note
from objectives.models import ContextWindow, ErrorType, Objective, Step
from objectives.planning.plan import Plan

CONTENT_FILTER = "The provider withheld the answer (content filter)."
LOOK_SECONDS = 0.4  # how late an interrupt is seen while the model answers


@dataclass(frozen=True)
class Response:
    """A reply, and what it is the reply to; `turn` is the number of responses before it."""

    turn: int
    window: ContextWindow
    plan: Plan
    chosen: ChosenModel
    request: ModelRequest
    reply: ModelReply
    began_at: datetime


def ask_model(held: HeldLease[TextRecorder], objective: Objective) -> bool:
    """Ask for the next response and write it down; False where the lease was given up instead.

    `objective` is as it was when this was decided. Raises LeaseLost, RunStopped where somebody stopped the
    run meanwhile, and ModelTooLong.
    """
    try:
        response = _asked(held, objective)
    except CannotAsk as cannot:
        give_up(held, cannot.error, cannot.message)
        return False
    except ModelTooLong:
        close_request(objective, None, now=timezone.now())
        raise
    except ModelError as error:
        return after_error(held, objective, error)
    if response.reply.finish_reason == "content_filter":
        close_request(objective, response.reply.spending, now=timezone.now())
        give_up(held, ErrorType.MODEL_ERROR, CONTENT_FILTER)
        return False
    retry_database(write_response, check=held.require)(held.lease, response, now=timezone.now())
    note_use(response.chosen, now=timezone.now())
    return True


def give_up(held: HeldLease[TextRecorder], error: ErrorType, message: str) -> None:
    """End the objective as failed; raises LeaseLost."""

    def fail() -> None:
        head, objective = leased(Objective, held.lease)
        fail_objective(objective, head, error, message, now=timezone.now())

    leave(held, fail)


def leave(held: HeldLease[TextRecorder], action: Callable[[], None]) -> None:
    """Do what gives the lease up, in a transaction of its own; raises LeaseLost."""
    held.is_ending = True
    retry_database(transaction.atomic(action), check=held.require)()
    held.is_over = True


def _asked(held: HeldLease[TextRecorder], objective: Objective) -> Response:
    """The model's response; raises CannotAsk and ModelError."""
    plan = Plan.read(objective.plan)
    question = retry_database(_question, check=held.require)
    chosen, talk, request = question(objective, plan, fence=held.lease.fence)
    began_at = timezone.now()
    note_request(held, objective, request, chosen.choice, now=began_at)
    held.recorder.begin(objective.turn, objective.attempt)
    try:
        reply = respond(request, on_text=held.recorder.add, stop=InterruptWatch(held.stop, held.lease.run_id))
    finally:
        held.recorder.flush()
    return Response(objective.turn, talk.window, plan, chosen, request, reply, began_at)


def _question(
    objective: Objective, plan: Plan, *, fence: int
) -> tuple[ChosenModel, Conversation, ModelRequest]:
    """Whom to ask what, as the rows have it; raises CannotAsk."""
    chosen = chosen_model(objective, plan)
    talk = conversation_of(objective)
    is_repeated = has_answered_nothing(objective)
    request = step_request(objective, plan, talk, chosen.choice, fence=fence, is_repeated=is_repeated)
    return chosen, talk, request


def note_request(
    held: HeldLease[TextRecorder],
    objective: Objective,
    request: ModelRequest,
    choice: ModelChoice,
    *,
    now: datetime,
) -> None:
    """Write down that the model is asked, here and in the row; raises LeaseLost."""
    retry_database(note_asking, check=held.require)(held.lease, request, choice, now=now)
    objective.asked_at = now


def after_error(held: HeldLease[TextRecorder], objective: Objective, error: ModelError) -> bool:
    """Keep what the request cost all the same, and go on as far as that is possible."""
    is_empty = isinstance(error, ModelSilent)
    was_empty = is_empty and retry_database(has_answered_nothing)(objective)
    close_request(objective, error.spending, now=timezone.now(), is_empty=is_empty)
    if is_empty and not was_empty:
        return True  # once more
    if isinstance(error, ModelStopped):
        if held.stop.reason is not None:
            raise RunStopped(held.stop.reason) from None
        return True  # the turn was interrupted: the next look at the rows says so
    if isinstance(error, ModelUnavailable):

        def again() -> None:
            head, row = leased(Objective, held.lease)
            wait_for_provider(row, head, error, now=timezone.now())

        leave(held, again)
    else:
        message = f"{error.message}, twice in a row." if is_empty else error.message
        is_spent = isinstance(error, ModelQuotaSpent)
        give_up(held, ErrorType.QUOTA_EXCEEDED if is_spent else ErrorType.MODEL_ERROR, message)
    return False


class InterruptWatch:
    """The run's own stop signal, and beside it what people ask for; reads the row at most every 0.4 s."""

    def __init__(self, stop: StopCheck, objective_id: uuid.UUID) -> None:
        self._stop = stop
        self._objective_id = objective_id
        self._looked_at = time.monotonic()
        self._interrupted = False

    def is_set(self) -> bool:
        """True from the moment that the run is stopped or its turn interrupted."""
        if not self._interrupted and time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._interrupted = self._look()
            self._looked_at = time.monotonic()
        return self._interrupted or self._stop.is_set()

    def _look(self) -> bool:
        asked = Objective.objects.filter(pk=self._objective_id, interrupt_requested_at__isnull=False)
        try:
            return asked.exists()
        except (OperationalError, InterfaceError):
            # The lease keeper watches over the database; the next look may find it again.
            connection.close_if_unusable_or_obsolete()
            return False


def write_response(lease: Lease, response: Response, *, now: datetime) -> None:
    """Keep the step, its tool calls, its events and what it cost; raises LeaseLost.

    May be repeated: a turn is answered once.
    """
    asked = response.reply.tool_calls
    # What tools are given may have changed while the model answered, labels say: it is read anew.
    objective = Objective.objects.get(pk=lease.run_id) if asked else None
    arguments = [] if objective is None else arguments_of(asked, response.plan, objective)
    with transaction.atomic():
        head, objective = leased(Objective, lease)
        if objective.turn != response.turn:
            return
        objective.turn += 1
        step = _step(objective, response, now)
        requested = requested_calls(step, response.plan, response.reply, arguments=arguments)
        step.save(force_insert=True)
        events = [
            *note_answer(objective, now=now),
            *_thoughts(step, response, now),
            _message(step, response, requested, now),
            *requested_events(requested, now=now),
        ]
        _count(objective, response, calls=len(requested))
        note(objective, head, events)


def _step(objective: Objective, response: Response, now: datetime) -> Step:
    reply, spending = response.reply, response.reply.spending
    return Step(
        objective=objective,
        window=response.window,
        turn=objective.turn,
        request=storable(sent_beside(response.request, reply)),
        response=storable(reply.raw),
        model_name=reply.model_name[:255],
        provider=reply.provider[:100],
        library_version=reply.library_version[:40],
        finish_reason=reply.finish_reason,
        input_tokens=spending.usage.input_tokens,
        output_tokens=spending.usage.output_tokens,
        cache_read_tokens=spending.usage.cache_read_tokens,
        cache_write_tokens=spending.usage.cache_write_tokens,
        reasoning_tokens=spending.usage.reasoning_tokens,
        cost_usd=spending.cost_usd,
        price_version=spending.price_version,
        is_estimated=spending.usage.estimated,
        created_at=now,
    )


def _thoughts(step: Step, response: Response, now: datetime) -> list[NewEvent]:
    if not response.reply.thinking:
        return []
    facts = {"content": storable_text(response.reply.thinking)}
    return [event(EventKind.REASONING, facts, now=now, window_id=step.window_id)]


def _message(step: Step, response: Response, requested: list[Requested], now: datetime) -> NewEvent:
    facts: Json = {
        "tool_calls": [_call_facts(one) for one in requested if one.request.wire_name != FINAL_ANSWER],
        "usage": {name: getattr(step, name) for name in _USAGE},
    }
    if response.reply.text:
        facts["content"] = storable_text(response.reply.text)
    if not step.is_whole:
        facts["finish_reason"] = step.finish_reason
    if response.chosen.metadata is not None:
        facts["model"] = identity_facts(response.chosen.metadata)
    return event(
        EventKind.ASSISTANT_MESSAGE, facts, now=now, window_id=step.window_id, started_at=response.began_at
    )


_USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def _call_facts(one: Requested) -> Json:
    return {
        "call_id": str(one.call.id),
        "name": one.call.called_as,
        "arguments": storable_text(one.request.raw_arguments) or "{}",
        **callable_facts(one.call),
    }


def _count(objective: Objective, response: Response, *, calls: int) -> None:
    objective.tool_call_count += calls
    charge(objective, response.window.pk, response.reply.spending)
    objective.save(update_fields=["turn", "tool_call_count", *ANSWERED, *CHARGED])
