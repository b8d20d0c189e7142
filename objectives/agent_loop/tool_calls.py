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
    beginning = _Beginning(turn.plan, turn.fence, turn.now, room=MOST_PARALLEL - len(turn.at_work))
    for call in calls:
        if not call.is_settled and work_on(call) not in turn.at_work:
            beginning.consider(call)
    if beginning.events:
        note(turn.objective, turn.head, beginning.events)
    return beginning.own


class _Beginning:
    """The calls that begin in one transaction, and the events that say so."""

    def __init__(self, plan: Plan, fence: int, now: datetime, *, room: int) -> None:
        self._plan = plan
        self._fence = fence
        self._now = now
        self._room = room
        self.own: list[ToolCall] = []
        self.events: list[NewEvent] = []

    def consider(self, call: ToolCall) -> None:
        if call.execution == ExecutionStatus.RUNNING:
            if call.run_id is None:
                self._resume(call)
        elif call.awaits_judgement:
            if self._has_room():
                self.own.append(call)
        elif (
            call.execution == ExecutionStatus.PENDING and call.approval != ApprovalStatus.WAITING_FOR_APPROVAL
        ):
            self._begin(call)

    def _resume(self, call: ToolCall) -> None:
        """A call that has begun and is in nobody's hands.

        Under this lease it was only about to begin: the answer to that transaction was lost.
        """
        if call.fence != self._fence and call.may_have_acted:
            self.events.append(cut_off(call, now=self._now))
        elif self._has_room():
            call.fence = self._fence
            execute(call, ExecutionStatus.RUNNING, now=self._now, also=["fence"])
            self.own.append(call)

    def _begin(self, call: ToolCall) -> None:
        offered = self._plan.of_function(call.called_as)
        if offered is None:
            self.events.append(
                fail(call, CallError.UNKNOWN_TOOL, f"There is no tool {call.called_as!r}.", now=self._now)
            )
        elif offered.is_bare:
            self.events += begin_bare(call, offered, now=self._now)
        elif offered.kind in _CARRIED:
            if self._has_room():
                self._run(call, offered)
                self.own.append(call)
        else:
            self._run(call, offered)
            self._hand_over(call, offered)

    def _run(self, call: ToolCall, offered: Offered) -> None:
        call.fence = self._fence
        execute(call, ExecutionStatus.RUNNING, now=self._now, also=["fence"])
        self.events.append(called_event(call, offered, now=self._now))

    def _hand_over(self, call: ToolCall, offered: Offered) -> None:
        """Start the other run, or search, in this transaction: there is never one without the other."""
        started = _STARTS[offered.kind](call, offered, now=self._now)
        self.events += started.events
        if started.outcome is not None:
            self.events.append(settle(call, started.outcome, now=self._now))

    def _has_room(self) -> bool:
        return len(self.own) < self._room


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
