"""Beginning and settling the tool calls of a turn: the intent is written before anything happens.

Decision: a child objective or a skill execution that ends knows only a task's name and an id. What the end
means to its caller is read from rows here, as often as somebody asks: the second time finds the call settled.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from executions.models import SkillExecution
from executions.runs.event_kinds import EventKind
from executions.runs.locks import locked
from executions.runs.log import NewEvent
from objectives.actions.call_results import complete_with, kept_whole
from objectives.actions.call_start import begin_bare, called_event
from objectives.actions.locks import locked_call
from objectives.actions.wakeup import wake
from objectives.agent_loop.context import LockedTurn
from objectives.events import event, identity_facts
from objectives.ids import Json
from objectives.lifecycles.calls import cut_off, execute, fail
from objectives.models import ApprovalStatus, CallError, CallKind, ExecutionStatus, Objective, ToolCall
from objectives.planning.plan import Offered
from objectives.tool_executors.agents import outcome_of_child, spawn_child
from objectives.tool_executors.discovery import discover
from objectives.tool_executors.skills import dispatch_skill, outcome_of_execution
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


def begin_calls(turn: LockedTurn, calls: Sequence[ToolCall], at_work: Collection[Work]) -> list[ToolCall]:
    """Begin what may begin of a turn's locked calls; those that this worker has to carry out or judge itself.

    `at_work` is what it does already. What was cut off with another worker begins again where it is safe to
    repeat, else it ends here.
    """
    own: list[ToolCall] = []
    for call in calls:
        if not call.is_settled and work_on(call) not in at_work:
            is_own, said = _continue(turn, call, has_room=len(own) + len(at_work) < MOST_PARALLEL)
            turn.events += said
            if is_own:
                own.append(call)
    return own


type Begun = tuple[bool, Sequence[NewEvent]]
"""Whether this worker has to do something for a call itself, and the events of its beginning."""

_NOT_YET: Begun = (False, ())


def _continue(turn: LockedTurn, call: ToolCall, *, has_room: bool) -> Begun:
    if call.execution == ExecutionStatus.RUNNING and call.run_id is None:
        return _resume(turn, call, has_room=has_room)
    if call.awaits_judgement and call.execution != ExecutionStatus.RUNNING:
        return has_room, ()
    if call.execution == ExecutionStatus.PENDING and call.approval != ApprovalStatus.WAITING_FOR_APPROVAL:
        return _begin(turn, call, has_room=has_room)
    return _NOT_YET


def _begin(turn: LockedTurn, call: ToolCall, *, has_room: bool) -> Begun:
    offered = turn.plan.of_function(call.called_as)
    if offered is None:
        unknown = f"There is no tool {call.called_as!r}."
        return False, [fail(call, CallError.UNKNOWN_TOOL, unknown, now=turn.now)]
    if offered.is_bare:
        return False, begin_bare(call, offered, now=turn.now)
    if offered.kind in _CARRIED:
        return (True, [_run(turn, call, offered)]) if has_room else _NOT_YET
    return False, [_run(turn, call, offered), *_hand_over(turn, call, offered)]


def _resume(turn: LockedTurn, call: ToolCall, *, has_room: bool) -> Begun:
    """A call that has begun and is in nobody's hands.

    Under this lease it was only about to begin: the answer to that transaction was lost.
    """
    if call.fence != turn.head.fence and call.may_have_acted:
        return False, [cut_off(call, now=turn.now)]
    if not has_room:
        return _NOT_YET
    call.fence = turn.head.fence
    execute(call, ExecutionStatus.RUNNING, now=turn.now, also=["fence"])
    return True, ()


def _run(turn: LockedTurn, call: ToolCall, offered: Offered) -> NewEvent:
    call.fence = turn.head.fence
    execute(call, ExecutionStatus.RUNNING, now=turn.now, also=["fence"])
    return called_event(call, offered, now=turn.now)


def _hand_over(turn: LockedTurn, call: ToolCall, offered: Offered) -> list[NewEvent]:
    """Start the other run, or search, in this transaction: there is never one without the other."""
    started = _STARTS[offered.kind](call, offered, now=turn.now)
    ended = [] if started.outcome is None else [settle(call, started.outcome, now=turn.now)]
    return [*started.events, *ended]


def keep_outcome(turn: LockedTurn, call_id: uuid.UUID, outcome: Outcome) -> None:
    """Give a call that this worker carried out its result or its error.

    Nothing where it was given up meanwhile, or has it already.
    """
    call = turn.call(call_id)
    if call is not None and not call.is_settled:
        turn.events.append(settle(call, outcome, now=turn.now))


def settle(call: ToolCall, outcome: Outcome, *, now: datetime) -> NewEvent:
    """End a locked call; the event that says so, for the caller to append."""
    if outcome.error is not None:
        return fail(call, *outcome.error, now=now)
    return complete_with(call, outcome.content, now=now)


def continue_after_child(*, child_id: uuid.UUID, now: datetime) -> None:
    """Give the call that made a child objective what came of it; idempotent."""
    child = Objective.objects.get(pk=child_id)
    call = ToolCall.objects.filter(run_id=child_id).first()
    if call is None or not child.is_over:
        return
    agent = {"id": call.callable.get("id", ""), "name": call.callable.get("name", "")}
    facts: Json = {
        "objective_id": str(child.id),
        "call_id": str(call.id),
        "state": child.state,
        "agent": identity_facts(agent),
    }
    if child.state_message:
        facts["message"] = child.state_message
    updated = event(EventKind.SUB_OBJECTIVE_FINISHED, facts, now=now)
    _continue_caller(call, outcome_of_child(child), [updated], now=now)


def continue_after_execution(*, call_id: uuid.UUID, now: datetime) -> None:
    """Give the call that dispatched a skill execution what came of it; idempotent."""
    call = ToolCall.objects.get(pk=call_id)
    if call.run_id is None:
        return
    execution = SkillExecution.objects.filter(pk=call.run_id).first()
    if execution is not None and execution.is_over:
        _continue_caller(call, outcome_of_execution(execution), [], now=now)


def _continue_caller(call: ToolCall, outcome: Outcome, events: Sequence[NewEvent], *, now: datetime) -> None:
    outcome = replace(outcome, drafts=kept_whole(outcome.drafts, call.objective_id, now=now))
    with transaction.atomic():
        head, objective = locked(Objective, call.objective_id)
        call = locked_call(objective, call.id)
        if call.is_settled or objective.is_over:
            return
        wake(objective, head, [*events, settle(call, outcome, now=now)], now=now)
