"""Going on after another run: a child objective or a skill execution has ended, and its caller is told.

Decision: whoever ends knows only a task's name and an id. What the end means is read from rows here, as often
as somebody asks: the second time finds the call settled.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from executions.models import SkillExecution
from executions.runs.event_kinds import EventKind
from executions.runs.locks import locked
from executions.runs.log import NewEvent
from objectives.actions.call_results import kept_whole
from objectives.actions.locks import locked_call
from objectives.actions.wakeup import wake
from objectives.agent_loop.tool_calls import settle
from objectives.events import event, identity_facts
from objectives.ids import Json
from objectives.models import Objective, ToolCall
from objectives.tool_executors.agents import outcome_of_child
from objectives.tool_executors.skills import outcome_of_execution
from objectives.tool_results.outcome import Outcome


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
    _continue(call, outcome_of_child(child), [updated], now=now)


def continue_after_execution(*, call_id: uuid.UUID, now: datetime) -> None:
    """Give the call that dispatched a skill execution what came of it; idempotent."""
    call = ToolCall.objects.get(pk=call_id)
    if call.run_id is None:
        return
    execution = SkillExecution.objects.filter(pk=call.run_id).first()
    if execution is not None and execution.is_over:
        _continue(call, outcome_of_execution(execution), [], now=now)


def _continue(call: ToolCall, outcome: Outcome, events: Sequence[NewEvent], *, now: datetime) -> None:
    outcome = replace(outcome, drafts=kept_whole(outcome.drafts, call.objective_id, now=now))
    with transaction.atomic():
        head, objective = locked(Objective, call.objective_id)
        call = locked_call(objective, call.id)
        if call.is_settled or objective.is_over:
            return
        wake(objective, head, [*events, settle(call, outcome, now=now)], now=now)
