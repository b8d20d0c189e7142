"""What an objective's worker does next, decided under the head's lock from rows alone.

Decision: there is no other memory of where the loop stands. Whoever changes something from outside holds the
same lock and then puts the head into the queue, so that an objective which is left here because nothing is to
be done cannot have been changed unseen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from executions.inference.token_estimate import tokens_in, weight
from executions.runs.lease import Lease
from executions.runs.locks import leased
from executions.runs.verbs import park
from objectives.actions.cancellation import confirm_cancel, confirm_interrupt
from objectives.actions.queued_actions import newest_window, next_action, send_messages
from objectives.actions.wakeup import model_is_due
from objectives.agent_loop.answers import answer_of
from objectives.agent_loop.compaction_policy import compaction_due
from objectives.agent_loop.endings import fail_objective, finalize, rest
from objectives.agent_loop.limits import Reached, limit_of_calls, limit_of_requests, spent_budget
from objectives.agent_loop.outages import hold_back
from objectives.agent_loop.tool_calls import MOST_PARALLEL, ToolCallTurn, Work, begin_calls, work_on
from objectives.agent_loop.transcript import newest_exchange, text_in
from objectives.models import (
    Objective,
    ObjectiveState,
    QueuedAction,
    Step,
    ToolCall,
)
from objectives.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the model for its next response."""


@dataclass(frozen=True, slots=True)
class Compact:
    """Open a new context window first; `action` is who asked for it, None where it is due by itself."""

    action: QueuedAction | None


@dataclass(frozen=True, slots=True)
class Carry:
    """Carry out these calls, which have begun, or judge them, beside what is being done for others."""

    calls: Sequence[ToolCall]
    plan: Plan


@dataclass(frozen=True, slots=True)
class Finish:
    """The work is to stop once calls in hand that must not be repeated had a moment to come to their end."""


@dataclass(frozen=True, slots=True)
class Leave:
    """The lease is given up: the objective is over, or waits."""


type Move = Ask | Compact | Carry | Finish | Leave


def decide(lease: Lease, at_work: Collection[Work], *, now: datetime, finishes: bool = False) -> Move:
    """The next move, its beginning already written; raises LeaseLost.

    `at_work` is what this attempt is doing for calls just now; it `finishes` some of that before the work may
    be stopped. May be repeated where the answer was lost.
    """
    with transaction.atomic():
        head, objective = leased(Objective, lease)
        is_stopping = (
            objective.cancel_requested_at is not None or objective.state == ObjectiveState.INTERRUPTING
        )
        if is_stopping and finishes:
            return Finish()
        if objective.cancel_requested_at is not None:
            confirm_cancel(objective, head, now=now)
            return Leave()
        if objective.state == ObjectiveState.INTERRUPTING:
            confirm_interrupt(objective, head, now=now)
            return Leave()
        if objective.state == ObjectiveState.WAITING:
            # It was put into the queue for nothing: whoever has something to do says so by its state.
            park(head)
            return Leave()
        turn = ToolCallTurn(head, objective, Plan.read(objective.plan), lease.fence, at_work, now)
        return _Decision(turn).next_move()


class _Decision:
    """What is to be done in a turn, by the newest response of the model."""

    def __init__(self, turn: ToolCallTurn) -> None:
        self._turn = turn
        self._objective, self._head, self._plan = turn.objective, turn.head, turn.plan
        self._now = turn.now
        self._step = Step.objects.filter(objective=turn.objective).order_by("-turn").first()

    def next_move(self) -> Move:
        step = self._step
        output = None if step is None else answer_of(step, self._plan.answer_schema)
        if output is not None:
            finalize(self._objective, self._head, output, now=self._now)
            return Leave()
        reached = limit_of_calls(self._objective, self._plan)
        if reached is not None:
            fail_objective(self._objective, self._head, *reached, now=self._now)
            return Leave()
        return self._calls_first() or self._after_calls()

    def _calls_first(self) -> Move | None:
        """What the newest response's calls need; None where all are settled."""
        if self._step is None:
            return None
        calls = list(
            ToolCall.objects.filter(step=self._step).select_for_update(no_key=True).order_by("place")
        )
        for call in calls:
            call.step, call.objective = self._step, self._objective
        if not all(call.is_settled for call in calls) and (reached := spent_budget(self._objective)):
            return self._over_budget(calls, reached)
        begun = begin_calls(self._turn, calls)
        unsettled = [call for call in calls if not call.is_settled]
        # What could begin may wait for room, although people have decided all that is still being judged.
        is_full = len(self._turn.at_work) >= MOST_PARALLEL
        if begun or (unsettled and is_full) or any(work_on(call) in self._turn.at_work for call in unsettled):
            return Carry(begun, self._plan)
        return self._wait_for(unsettled) if unsettled else None

    def _over_budget(self, calls: Sequence[ToolCall], reached: Reached) -> Move:
        """No call begins any more; those in hand come to their end, whose effects cannot be taken back."""
        if any(work_on(call) in self._turn.at_work for call in calls if not call.is_settled):
            return Carry([], self._plan)
        fail_objective(self._objective, self._head, *reached, now=self._now)
        return Leave()

    def _wait_for(self, calls: Sequence[ToolCall]) -> Leave:
        """People, somebody outside or other runs have the word; an objective runs on as long as those do."""
        if all(call.waits_for_people for call in calls):
            rest(self._objective, self._head, is_idle=False, now=self._now)
        else:
            park(self._head)
        return Leave()

    def _after_calls(self) -> Move:
        """Between two turns: what was queued comes first, then the model, unless the turn is over."""
        if send_messages(self._objective, self._head, now=self._now):
            return Carry([], self._plan)  # more may wait, which are the next transaction's
        action = next_action(self._objective)
        if action is None and not model_is_due(self._objective):
            return self._end_turn()
        compacts = action is not None or self._window_is_full()
        reached = (
            spent_budget(self._objective) if compacts else limit_of_requests(self._objective, self._plan)
        )
        if reached is not None:
            fail_objective(self._objective, self._head, *reached, now=self._now)
            return Leave()
        if hold_back(self._objective, self._head, now=self._now):
            return Leave()
        return Compact(action) if compacts else Ask()

    def _window_is_full(self) -> bool:
        """By what the newest request was, and an estimate of what has come since."""
        step = self._step
        if step is None or not self._plan.context_tokens:
            return False
        since = tokens_in(weight(newest_exchange(self._objective, step).unanswered()))
        if not compaction_due(self._plan, step.input_tokens + since):
            return False
        return newest_window(self._objective).pk == step.window_id

    def _end_turn(self) -> Leave:
        """A sub-agent's last words are its result; others wait for the next message."""
        objective, step = self._objective, self._step
        if objective.parent_id is not None and step is not None and not objective.is_interrupted:
            finalize(objective, self._head, {"text": text_in(step.response)}, now=self._now)
        else:
            rest(objective, self._head, is_idle=True, now=self._now)
        return Leave()
