"""One step of the loop: the model is asked once, and its response is kept whole."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
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
from executions.inference.interface import ModelRequest
from executions.inference.model_request import respond
from executions.runs.db_retry import retry_database
from executions.runs.locks import leased
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.stop_signal import RunStopped
from objectives.agent_loop.cut_off_requests import close_request, has_answered_nothing, note_asking
from objectives.agent_loop.endings import fail_objective
from objectives.agent_loop.interrupts import InterruptWatch
from objectives.agent_loop.leased import read_objective
from objectives.agent_loop.outages import wait_for_provider
from objectives.agent_loop.recording import Response, write_response
from objectives.agent_loop.request import CannotAsk, ChosenModel, chosen_model, note_use, step_request
from objectives.agent_loop.texts import TextRecorder
from objectives.agent_loop.transcript import Conversation, conversation_of
from objectives.models import ErrorType, Objective
from objectives.planning.plan import Plan

CONTENT_FILTER = "The provider withheld the answer (content filter)."


def ask_model(held: HeldLease[TextRecorder]) -> bool:
    """Ask for the next response and write it down; False where the lease was given up instead.

    Raises LeaseLost, RunStopped where somebody stopped the run meanwhile, and ModelTooLong.
    """
    lease = held.lease
    objective = read_objective(held)
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
    retry_database(write_response, check=held.require)(lease, response, now=timezone.now())
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
