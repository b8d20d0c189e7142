"""What an objective's worker does next, decided under the head's lock from rows alone.

Decision: there is no other memory of where the loop stands. Whoever changes something from outside holds the
same lock and then puts the head into the queue, so that an objective which is left here because nothing is to
be done cannot have been changed unseen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from executions.inference.token_usage import tokens_in, weight
from executions.runs.lease import Lease
from executions.runs.locks import leased
from executions.runs.verbs import park
from objectives.actions.cancellation import confirm_cancel, confirm_interrupt
from objectives.actions.queued_actions import newest_window, next_action, send_messages
from objectives.actions.wakeup import model_is_due
from objectives.agent_loop.compaction import compaction_due
from objectives.agent_loop.endings import answer_of, fail_objective, finalize, rest
from objectives.agent_loop.limits import Reached, limit_of_calls, limit_of_requests, spent_budget
from objectives.agent_loop.model_request import newest_exchange, text_in
from objectives.agent_loop.outages import hold_back
from objectives.agent_loop.tool_calls import MOST_PARALLEL, ToolCallTurn, Work, begin_calls, work_on
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
    """Ask the model for the next response of an objective, which is as its row was just now."""

    objective: Objective


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
        step = Step.objects.filter(objective=objective).order_by("-turn").first()
        return _next_move(turn, step)


def _next_move(turn: ToolCallTurn, step: Step | None) -> Move:
    """What is to be done in a turn, by the newest response of the model."""
    output = None if step is None else answer_of(step, turn.plan.answer_schema)
    if output is not None:
        finalize(turn.objective, turn.head, output, now=turn.now)
        return Leave()
    reached = limit_of_calls(turn.objective, turn.plan)
    if reached is not None:
        return _fail(turn, reached)
    calls_first = None if step is None else _calls_first(turn, step)
    return calls_first or _after_calls(turn, step)


def _fail(turn: ToolCallTurn, reached: Reached) -> Leave:
    fail_objective(turn.objective, turn.head, *reached, now=turn.now)
    return Leave()


def _calls_first(turn: ToolCallTurn, step: Step) -> Move | None:
    """What the newest response's calls need; None where all are settled."""
    calls = list(ToolCall.objects.filter(step=step).select_for_update(no_key=True).order_by("place"))
    for call in calls:
        call.step, call.objective = step, turn.objective
    if not all(call.is_settled for call in calls) and (reached := spent_budget(turn.objective)):
        # No call begins any more; those in hand come to their end, whose effects cannot be taken back.
        return Carry([], turn.plan) if _any_at_work(turn, calls) else _fail(turn, reached)
    begun = begin_calls(turn, calls)
    unsettled = [call for call in calls if not call.is_settled]
    # What could begin may wait for room, although people have decided all that is still being judged.
    is_full = len(turn.at_work) >= MOST_PARALLEL
    if begun or (unsettled and is_full) or _any_at_work(turn, unsettled):
        return Carry(begun, turn.plan)
    return _wait_for(turn, unsettled) if unsettled else None


def _any_at_work(turn: ToolCallTurn, calls: Sequence[ToolCall]) -> bool:
    return any(work_on(call) in turn.at_work for call in calls if not call.is_settled)


def _wait_for(turn: ToolCallTurn, calls: Sequence[ToolCall]) -> Leave:
    """People, somebody outside or other runs have the word; an objective runs on as long as those do."""
    if all(call.waits_for_people for call in calls):
        rest(turn.objective, turn.head, is_idle=False, now=turn.now)
    else:
        park(turn.head)
    return Leave()


def _after_calls(turn: ToolCallTurn, step: Step | None) -> Move:
    """Between two turns: what was queued comes first, then the model, unless the turn is over."""
    objective, head, now = turn.objective, turn.head, turn.now
    if send_messages(objective, head, now=now):
        return Carry([], turn.plan)  # more may wait, which are the next transaction's
    action = next_action(objective)
    if action is None and not model_is_due(objective):
        return _end_turn(turn, step)
    compacts = action is not None or _window_is_full(turn, step)
    reached = spent_budget(objective) if compacts else limit_of_requests(objective, turn.plan, step)
    if reached is not None:
        return _fail(turn, reached)
    if hold_back(objective, head, now=now):
        return Leave()
    return Compact(action) if compacts else Ask(objective)


def _window_is_full(turn: ToolCallTurn, step: Step | None) -> bool:
    """By what the newest request was, and an estimate of what has come since."""
    if step is None or not turn.plan.context_tokens:
        return False
    since = tokens_in(weight(newest_exchange(turn.objective, step).unanswered()))
    if not compaction_due(turn.plan, step.input_tokens + since):
        return False
    return newest_window(turn.objective).pk == step.window_id


def _end_turn(turn: ToolCallTurn, step: Step | None) -> Leave:
    """A sub-agent's last words are its result; others wait for the next message."""
    objective = turn.objective
    if objective.parent_id is not None and step is not None and not objective.is_interrupted:
        finalize(objective, turn.head, {"text": text_in(step.response)}, now=turn.now)
    else:
        rest(objective, turn.head, is_idle=True, now=turn.now)
    return Leave()
