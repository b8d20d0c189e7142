"""Beginning and settling the tool calls of a turn: the intent is written before anything happens."""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from executions.models import RunHead
from executions.runs.lease import Lease
from executions.runs.locks import leased
from executions.runs.log import NewEvent
from objectives.actions.call_results import complete_with
from objectives.actions.call_start import begin_bare, called_event
from objectives.actions.locks import locked_call
from objectives.lifecycles.calls import cut_off, execute, fail
from objectives.lifecycles.objectives import note
from objectives.models import ApprovalStatus, CallError, CallKind, ExecutionStatus, Objective, ToolCall
from objectives.planning.plan import Offered, Plan
from objectives.tool_executors.agents import spawn_child
from objectives.tool_executors.discovery import discover
from objectives.tool_executors.skills import dispatch_skill
from objectives.tool_results.outcome import Outcome, Started

MOST_PARALLEL = 8  # calls that one worker carries out for one objective at the same time

# What a worker carries out, and what is not carried out outside of the database.
_CARRIED = frozenset({CallKind.TOOL, CallKind.READING})
_STARTS: dict[str, Callable[..., Started]] = {
    CallKind.AGENT: spawn_child,
    CallKind.SKILL: dispatch_skill,
    CallKind.SEARCH: discover,
}

type Work = tuple[uuid.UUID, bool]
"""What a worker does for a call: its id, and whether the call is being judged (else it is carried out)."""


def work_on(call: ToolCall) -> Work:
    """What is to be done for a call as it stands; one that a person decides meanwhile begins at once."""
    return call.id, call.awaits_judgement


@dataclass(frozen=True)
class ToolCallTurn:
    """A running objective, locked, under a lease's `fence`; `at_work` is what this worker does just now."""

    head: RunHead
    objective: Objective
    plan: Plan
    fence: int
    at_work: Collection[Work]
    now: datetime


def begin_calls(turn: ToolCallTurn, calls: Sequence[ToolCall]) -> list[ToolCall]:
    """Begin what may begin of a turn's locked calls; those that this worker has to carry out or judge itself.

    What was cut off with another worker begins again where it is safe to repeat, else it ends here.
    """
    own: list[ToolCall] = []
    events: list[NewEvent] = []
    for call in calls:
        if not call.is_settled and work_on(call) not in turn.at_work:
            has_room = len(own) + len(turn.at_work) < MOST_PARALLEL
            is_own, said = _continue(turn, call, has_room=has_room)
            events += said
            if is_own:
                own.append(call)
    if events:
        note(turn.objective, turn.head, events)
    return own


type Begun = tuple[bool, Sequence[NewEvent]]
"""Whether this worker has to do something for a call itself, and the events of its beginning."""

_NOT_YET: Begun = (False, ())


def _continue(turn: ToolCallTurn, call: ToolCall, *, has_room: bool) -> Begun:
    if call.execution == ExecutionStatus.RUNNING and call.run_id is None:
        return _resume(turn, call, has_room=has_room)
    if call.awaits_judgement and call.execution != ExecutionStatus.RUNNING:
        return has_room, ()
    if call.execution == ExecutionStatus.PENDING and call.approval != ApprovalStatus.WAITING_FOR_APPROVAL:
        return _begin(turn, call, has_room=has_room)
    return _NOT_YET


def _begin(turn: ToolCallTurn, call: ToolCall, *, has_room: bool) -> Begun:
    offered = turn.plan.of_function(call.called_as)
    if offered is None:
        unknown = f"There is no tool {call.called_as!r}."
        return False, [fail(call, CallError.UNKNOWN_TOOL, unknown, now=turn.now)]
    if offered.is_bare:
        return False, begin_bare(call, offered, now=turn.now)
    if offered.kind in _CARRIED:
        return (True, [_run(turn, call, offered)]) if has_room else _NOT_YET
    return False, [_run(turn, call, offered), *_hand_over(turn, call, offered)]


def _resume(turn: ToolCallTurn, call: ToolCall, *, has_room: bool) -> Begun:
    """A call that has begun and is in nobody's hands.

    Under this lease it was only about to begin: the answer to that transaction was lost.
    """
    if call.fence != turn.fence and call.may_have_acted:
        return False, [cut_off(call, now=turn.now)]
    if not has_room:
        return _NOT_YET
    call.fence = turn.fence
    execute(call, ExecutionStatus.RUNNING, now=turn.now, also=["fence"])
    return True, ()


def _run(turn: ToolCallTurn, call: ToolCall, offered: Offered) -> NewEvent:
    call.fence = turn.fence
    execute(call, ExecutionStatus.RUNNING, now=turn.now, also=["fence"])
    return called_event(call, offered, now=turn.now)


def _hand_over(turn: ToolCallTurn, call: ToolCall, offered: Offered) -> list[NewEvent]:
    """Start the other run, or search, in this transaction: there is never one without the other."""
    started = _STARTS[offered.kind](call, offered, now=turn.now)
    ended = [] if started.outcome is None else [settle(call, started.outcome, now=turn.now)]
    return [*started.events, *ended]


def write_outcome(lease: Lease, call_id: uuid.UUID, outcome: Outcome, *, now: datetime) -> None:
    """Give a call that this worker carried out its result or its error; raises LeaseLost.

    Nothing where it was given up meanwhile, or has it already.
    """
    with transaction.atomic():
        head, objective = leased(Objective, lease)
        call = locked_call(objective, call_id)
        if not call.is_settled:
            note(objective, head, [settle(call, outcome, now=now)])


def settle(call: ToolCall, outcome: Outcome, *, now: datetime) -> NewEvent:
    """End a locked call; the event that says so, for the caller to append."""
    if outcome.error is not None:
        return fail(call, *outcome.error, now=now)
    return complete_with(call, outcome.content, now=now)
