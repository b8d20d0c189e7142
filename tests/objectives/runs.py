"""Objectives and tool calls for tests, made by the actions that make them."""

from typing import Any

from executions.models import RunHead
from objectives.actions.creation import create_objective
from objectives.actions.new_objective import NewObjective
from objectives.ids import Prefix, spell
from objectives.models import (
    Agent,
    AgentState,
    ApprovalStatus,
    CallKind,
    ContextWindow,
    ExecutionStatus,
    Objective,
    ObjectiveState,
    Step,
    ToolCall,
)
from objectives.planning.plan import Plan
from tests.factories import NOW, Actor
from tests.objectives.factories import make_agent, make_variation


def make_published_agent(actor: Actor, *calls: Any, **variation: Any) -> Agent:
    """A published agent with one variation that may call these things."""
    agent = make_agent(space=actor.space, created_by=actor.principal, state=AgentState.PUBLISHED)
    make_variation(agent=agent, calls=calls, **variation)
    return agent


def begin_objective(actor: Actor, agent: Agent, **wanted: Any) -> Objective:
    """An objective that waits for its first worker."""
    given = {"agent": spell(Prefix.AGENT, agent.id), "first_user_message": "Go.", **wanted}
    return create_objective(access=actor.access, wanted=NewObjective(**given), now=NOW)


def ask_for(
    objective: Objective,
    function: str,
    *,
    approval: ApprovalStatus,
    execution: ExecutionStatus = ExecutionStatus.PENDING,
    turn: int = 1,
) -> ToolCall:
    """A call in this state, as the newest turn of an objective left it."""
    offered = Plan.read(objective.plan).of_function(function)
    assert offered is not None
    window = ContextWindow.objects.get(objective=objective)
    step, _ = Step.objects.get_or_create(
        objective=objective,
        turn=turn,
        defaults={
            "window": window,
            "request": {},
            "response": {"parts": []},
            "model_name": "demo",
            "library_version": "0",
            "price_version": "demo",
            "created_at": NOW,
        },
    )
    Objective.objects.filter(pk=objective.pk).update(turn=turn)
    result = [{"type": "text", "text": "done"}] if execution == ExecutionStatus.COMPLETED else None
    return ToolCall.objects.create(
        objective=objective,
        caller_id=objective.agent_id,
        space_id=objective.space_id,
        created_by_id=objective.created_by_id,
        created_at=NOW,
        step=step,
        place=step.tool_calls.count(),
        provider_call_id=f"call_{step.tool_calls.count()}",
        is_safe_to_repeat=offered.is_safe_to_repeat,
        called_as=function,
        kind=CallKind(offered.kind),
        callable=offered.metadata,
        approval=approval,
        execution=execution,
        result=result,
        error_type="tool_error" if execution == ExecutionStatus.ERRORED else "",
    )


def park(objective: Objective) -> None:
    """Let an objective wait for people, as a worker leaves it."""
    Objective.objects.filter(pk=objective.pk).update(state=ObjectiveState.WAITING)
    RunHead.objects.filter(pk=objective.pk).update(state="parked", available_at=None)
