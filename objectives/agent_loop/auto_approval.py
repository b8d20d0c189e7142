"""Auto mode: the model is asked about a tool call, and its scores decide instead of a person.

Decision: auto mode can only spare people work. Whatever keeps a judgement from being had (no model, a
provider that does not answer, scores that are none) leaves the call to people, as if there were no auto mode.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from executions.inference.errors import ModelError, ModelSilent, ModelStopped, ModelUnavailable
from executions.inference.interface import ModelRequest, Spending
from executions.inference.model_request import respond
from executions.inference.response_repair import CUT_SHORT
from executions.runs.db_retry import retry_database
from executions.runs.lease import Lease
from executions.runs.locks import leased
from executions.runs.worker.heartbeat import HeldLease
from executions.runs.worker.stop_signal import StopSignal
from objectives.actions.locks import locked_call
from objectives.agent_loop.charges import estimate, keep_broken
from objectives.agent_loop.endings import answer_problem
from objectives.agent_loop.judgement import Judgement, judging_request
from objectives.agent_loop.model_request import CannotAsk, ChosenModel, chosen_model, read_objective
from objectives.agent_loop.outages import leave_alone
from objectives.agent_loop.texts import TextRecorder
from objectives.models import Objective, ToolCall
from objectives.planning.plan import Plan

logger = logging.getLogger(__name__)

TRIES = 3
WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 20.0  # before the second try, and the longest that is worth a try


def judge(held: HeldLease[TextRecorder], call: ToolCall, plan: Plan, *, stop: StopSignal) -> Judgement | None:
    """Ask the objective's model about a call that awaits its judgement; raises LeaseLost.

    Asks up to TRIES times where no scores come. None where `stop` ended it: there is nothing to write.
    """
    objective = read_objective(held)
    try:
        chosen = chosen_model(objective, plan)
    except CannotAsk as cannot:
        logger.warning("The call %s is left to people: %s", call.id, cannot.message)
        return Judgement()
    question = retry_database(judging_request, check=held.require)
    request = question(objective, call, plan, chosen=chosen, fence=held.lease.fence)
    return _Asking(held, objective, call, request, chosen, stop).judgement()


@retry_database
def close_judging(objective: Objective, call: ToolCall, spending: Spending | None, *, now: datetime) -> None:
    """Keep what a request cost that decides nothing, and that nothing more is to be charged for it.

    It needs no lease: a request that another worker makes by now is not touched.
    """
    with transaction.atomic():
        keep_broken(objective, spending, now=now)
        begun = ToolCall.objects.filter(pk=call.pk, fence=call.fence, awaits_judgement=True)
        begun.update(fence=None)


def _note_beginning(
    lease: Lease, call: ToolCall, request: ModelRequest, chosen: ChosenModel, *, now: datetime
) -> None:
    """The intent, before the effect; a request that was cut off with its worker is charged by an estimate."""
    with transaction.atomic():
        _, objective = leased(Objective, lease)
        row = locked_call(objective, call.id)
        if row.fence not in {None, lease.fence}:
            keep_broken(objective, estimate(request, chosen.choice, written=0), now=now)
        row.fence = lease.fence
        row.save(update_fields=["fence"])


@dataclass
class _Asking:
    """The same request, until it gives scores or has been made often enough."""

    held: HeldLease[TextRecorder]
    objective: Objective
    call: ToolCall
    request: ModelRequest
    chosen: ChosenModel
    stop: StopSignal

    def judgement(self) -> Judgement | None:
        early = self._seconds_early()
        if early > LONGEST_WAIT_SECONDS:
            return Judgement()
        if self.stop.wait(early):
            return None
        for number in range(TRIES):
            wait = WAIT_SECONDS * 4**number
            try:
                found = self._once()
            except ModelStopped:
                return None
            except ModelUnavailable as unavailable:
                found, wait = None, max(wait, unavailable.retry_after or 0)
                self._leave_alone(unavailable.retry_after)
            except ModelError as error:
                logger.warning("No judgement for %s: %s", self.objective.id, error.message)
                break
            if found is not None:
                return found
            if number == TRIES - 1 or wait > LONGEST_WAIT_SECONDS:
                break
            if self.stop.wait(wait):
                return None
        return Judgement()

    def _seconds_early(self) -> float:
        """How long the provider still wants to be left alone."""
        until = self.objective.ask_not_before
        return 0.0 if until is None else max((until - timezone.now()).total_seconds(), 0.0)

    def _leave_alone(self, seconds: float | None) -> None:
        """Nobody else asks earlier either, who asks for this objective."""
        if seconds:
            lease, now = self.held.lease, timezone.now()
            retry_database(leave_alone, check=self.held.require)(lease, seconds, now=now)

    def _once(self) -> Judgement | None:
        """The scores; None for an answer that holds none, be it empty."""
        lease = self.held.lease
        note_beginning = retry_database(_note_beginning, check=self.held.require)
        note_beginning(lease, self.call, self.request, self.chosen, now=timezone.now())
        self.call.fence = lease.fence
        try:
            reply = respond(self.request, on_text=lambda _: None, stop=self.stop)
        except ModelError as error:
            self._keep(error.spending)
            if isinstance(error, ModelSilent):
                return None
            raise
        is_whole = reply.finish_reason not in CUT_SHORT
        given = reply.answer.arguments if reply.answer and is_whole else None
        if given is None or answer_problem(given, dict(self.request.answer_schema or {})) is not None:
            self._keep(reply.spending)
            return None
        return Judgement([float(score) for score in given["scores"]], reply.spending)

    def _keep(self, spending: Spending | None) -> None:
        close_judging(self.objective, self.call, spending, now=timezone.now())
