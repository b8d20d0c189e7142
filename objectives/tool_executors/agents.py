"""Carrying out a tool call as a sub-agent: a child objective with a task."""

import json
from datetime import datetime

from executions.runs.event_kinds import EventKind
from objectives.actions.creation import MOST_DEPTH, chosen_variation, prepare, write
from objectives.actions.new_objective import NewObjective
from objectives.events import event, identity_facts
from objectives.ids import Prefix, spell
from objectives.models import Agent, AgentState, CallError, Objective, ToolCall
from objectives.planning.plan import Offered
from objectives.tool_results.outcome import Outcome, Started, Text
from spaces.access import SpaceAccess
from spaces.errors import DomainError
from spaces.models import Role, Space


def spawn_child(call: ToolCall, offered: Offered, *, now: datetime) -> Started:
    """Make the child objective of a locked call, in the caller's transaction; `run_id` says which.

    It runs on behalf of whoever its parent runs for, with that one's pinned parameters, and inside its
    budget. A call that has its child already gets no second.
    """
    parent = call.objective
    if call.run_id is not None:
        return Started()
    if parent.depth + 1 >= MOST_DEPTH:
        message = f"Agents may call each other {MOST_DEPTH} deep at most."
        return Started(outcome=Outcome.failed(CallError.LIMIT, message))
    agent = Agent.objects.filter(pk=offered.ref, state=AgentState.PUBLISHED).first()
    if agent is None:
        message = "This agent is not published."
        return Started(outcome=Outcome.failed(CallError.SUB_RUN_FAILED, message))
    wanted = NewObjective(
        agent=spell(Prefix.AGENT, agent.id),
        first_user_message=str(call.arguments.get("task", "")),
        pinned_parameters=parent.pinned_parameters,
    )
    access = _access(parent)
    try:
        child = prepare(agent, chosen_variation(agent), wanted, access=access, now=now)
    except DomainError as error:
        return Started(outcome=Outcome.failed(CallError.SUB_RUN_FAILED, error.message))
    child.parent, child.depth, child.trace_id = parent, parent.depth + 1, parent.trace_id
    write(child, (), now=now)
    call.run_id = child.id
    call.save(update_fields=["run_id"])
    facts = {
        "objective_id": str(child.id),
        "call_id": str(call.id),
        "agent": identity_facts(call.callable),
        "task": wanted.first_user_message,
    }
    spawned = event(EventKind.SUB_OBJECTIVE_STARTED, facts, now=now, window_id=call.step.window_id)
    return Started(events=[spawned])


def outcome_of_child(child: Objective) -> Outcome:
    """What came of a child objective that is over: its output, as text where it is not text already."""
    if child.output is None:
        reason = child.state_message or f"It was {child.state}."
        return Outcome.failed(CallError.SUB_RUN_FAILED, f"The sub-agent ended without a result: {reason}")
    only_text = child.output.get("text") if set(child.output) == {"text"} else None
    text = only_text if isinstance(only_text, str) else json.dumps(child.output, ensure_ascii=False)
    return Outcome([Text(text)])


def _access(parent: Objective) -> SpaceAccess:
    """That of whoever the parent runs for: what it may start was decided when it was made itself."""
    return SpaceAccess(
        space_id=parent.space_id,
        tenant_id=Space.objects.values_list("tenant_id", flat=True).get(pk=parent.space_id),
        principal_id=parent.created_by_id,
        role=Role.MEMBER,
        key_permissions=frozenset({"*"}),
    )
