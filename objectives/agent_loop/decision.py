"""What an objective's worker does next, decided in a step from rows alone.

Decision: there is no other memory of where the loop stands; what the context remembers of the rows only saves
reading what cannot have changed. Whoever changes something from outside holds the same lock and then puts the
head into the queue, so that an objective which is left here because nothing is to be done cannot have been
changed unseen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from executions.inference.token_usage import tokens_in, weight
from executions.runs.verbs import park
from objectives.actions.cancellation import confirm_cancel, confirm_interrupt
from objectives.actions.queued_actions import newest_window, next_action, send_messages
from objectives.actions.wakeup import model_is_due
from objectives.agent_loop.call_step import MOST_PARALLEL, Work, begin_calls, work_on
from objectives.agent_loop.compaction import compaction_due
from objectives.agent_loop.context import LockedTurn
from objectives.agent_loop.endings import (
    Reached,
    answer_of,
    fail_turn,
    finalize,
    limit_of_calls,
    limit_of_requests,
    rest,
    spent_budget,
)
from objectives.agent_loop.model_request import newest_exchange, question_of, text_in
from objectives.agent_loop.recovery import begin_request, hold_back
from objectives.models import ActionKind, Objective, ObjectiveState, QueuedAction, Step, ToolCall
from objectives.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the model for the next response: that it is asked is written.

    The objective is as its row was just now; `is_unasked` where nobody has asked for this response before.
    """

    objective: Objective
    plan: Plan
    is_unasked: bool


@dataclass(frozen=True, slots=True)
class Compact:
    """Open a new context window first; `action` is who asked for it, None where it is due by itself."""

    objective: Objective
    plan: Plan
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


def decide(turn: LockedTurn, at_work: Collection[Work], *, finishes: bool = False) -> Move:
    """The next move, its beginning written with this step.

    `at_work` is what this attempt is doing for calls just now; it `finishes` some of that before the work may
    be stopped.
    """
    objective, head = turn.objective, turn.head
    is_cancelled = objective.cancel_requested_at is not None
    if is_cancelled or objective.state == ObjectiveState.INTERRUPTING:
        if finishes:
            return Finish()
        turn.write()
        confirm = confirm_cancel if is_cancelled else confirm_interrupt
        confirm(objective, head, now=turn.now)
        return Leave()
    if objective.state == ObjectiveState.WAITING:
        # It was put into the queue for nothing: whoever has something to do says so by its state.
        return _park(turn)
    step = turn.newest_step()
    output = None if step is None else answer_of(step, turn.plan.answer_schema)
    if output is not None:
        finalize(turn, output)
        return Leave()
    reached = limit_of_calls(turn)
    if reached is not None:
        return _fail(turn, reached)
    calls_first = None if step is None else _calls_first(turn, step, at_work)
    return calls_first or _after_calls(turn, step)


def _fail(turn: LockedTurn, reached: Reached) -> Leave:
    fail_turn(turn, *reached)
    return Leave()


def _park(turn: LockedTurn) -> Leave:
    turn.write()
    park(turn.head)
    return Leave()


def _calls_first(turn: LockedTurn, step: Step, at_work: Collection[Work]) -> Move | None:
    """What the newest response's calls need; None where all are settled."""
    calls = turn.calls(step)
    unsettled = [call for call in calls if not call.is_settled]
    if not unsettled:
        return None
    turn.context.unasked_turn = step.turn  # the model waits for these calls
    if reached := spent_budget(turn):
        # No call begins any more; those in hand come to their end, whose effects cannot be taken back.
        return Carry([], turn.plan) if _any_at_work(unsettled, at_work) else _fail(turn, reached)
    begun = begin_calls(turn, calls, at_work)
    unsettled = [call for call in calls if not call.is_settled]
    # What could begin may wait for room, although people have decided all that is still being judged.
    is_full = len(at_work) >= MOST_PARALLEL
    if begun or (unsettled and is_full) or _any_at_work(unsettled, at_work):
        return Carry(begun, turn.plan)
    if not unsettled:
        return None
    # People, somebody outside or other runs have the word; an objective runs on as long as those do.
    if not all(call.waits_for_people for call in unsettled):
        return _park(turn)
    rest(turn, is_idle=False)
    return Leave()


def _any_at_work(unsettled: Sequence[ToolCall], at_work: Collection[Work]) -> bool:
    return any(work_on(call) in at_work for call in unsettled)


def _after_calls(turn: LockedTurn, step: Step | None) -> Move:
    """Between two turns: what was queued comes first, then the model, unless the turn is over."""
    objective = turn.objective
    action = next_action(objective)
    if action is not None and action.kind == ActionKind.USER_MESSAGE:
        turn.write()
        send_messages(objective, turn.head, now=turn.now)
        return Carry([], turn.plan)  # more may wait, which are the next transaction's
    has_calls = step is not None and bool(turn.calls(step))
    if action is None and not model_is_due(objective, step=step, has_calls=has_calls):
        return _end_turn(turn, step)
    compacts = action is not None or _window_is_full(turn, step)
    reached = spent_budget(turn) if compacts else limit_of_requests(turn, step)
    if reached is not None:
        return _fail(turn, reached)
    if hold_back(turn):
        return Leave()
    # A search of this step's, or a result that was too long, may have given the model more functions.
    plan = turn.context.plan_of(objective)
    if compacts:
        return Compact(objective, plan, action)
    is_unasked = turn.is_unasked
    begin_request(turn, lambda: question_of(objective, plan, fence=turn.head.fence).asked)
    return Ask(objective, plan, is_unasked)


def _window_is_full(turn: LockedTurn, step: Step | None) -> bool:
    """By what the newest request was, and an estimate of what has come since."""
    if step is None or not turn.plan.context_tokens:
        return False
    since = tokens_in(weight(newest_exchange(turn.objective, step).unanswered()))
    if not compaction_due(turn.plan, step.input_tokens + since):
        return False
    return newest_window(turn.objective).pk == step.window_id


def _end_turn(turn: LockedTurn, step: Step | None) -> Leave:
    """A sub-agent's last words are its result; others wait for the next message."""
    objective = turn.objective
    if objective.parent_id is not None and step is not None and not objective.is_interrupted:
        finalize(turn, {"text": text_in(step.response)})
    else:
        rest(turn, is_idle=True)
    return Leave()
