"""A workspace with one thing of every kind in every state that there is, made directly."""

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from executions.models import RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.locks import locked
from executions.runs.models import HeadState
from objectives.events import event, identity_facts
from objectives.ids import Prefix, spell
from objectives.lifecycles.objectives import note
from objectives.models import (
    OVER,
    AdapterKind,
    ApprovalStatus,
    ErrorType,
    ExecutionStatus,
    Objective,
    ObjectiveState,
    ToolCall,
)
from objectives.tool_results.blocks import store_blocks
from objectives.tool_results.outcome import Media, Text
from spaces.blobs import store_blob
from tests.factories import NOW, Actor
from tests.guards.things import things_of
from tests.objectives.factories import make_feedback, make_secret, make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

CALL_STATES = [
    *itertools.product((ApprovalStatus.AUTO_APPROVED, ApprovalStatus.APPROVED), ExecutionStatus),
    (ApprovalStatus.WAITING_FOR_APPROVAL, ExecutionStatus.PENDING),
    (ApprovalStatus.WAITING_FOR_APPROVAL, ExecutionStatus.INTERRUPTED),
    (ApprovalStatus.DENIED, ExecutionStatus.PENDING),
]


@dataclass(frozen=True)
class World:
    """What paths name, by name; the objectives by state; the calls, all of one objective."""

    things: dict[str, str]
    objectives: list[str]
    calls: list[str]


def make_world(actor: Actor) -> World:
    """One workspace of the actor's, filled."""
    things = things_of(actor)
    first = Objective.objects.get(space=actor.space)
    made = {"space": actor.space, "created_by": actor.principal}
    make_secret(objective=first, **made)
    make_feedback(objective=first, score=0.5, comment="Good.")
    calls = [_call_in(first, actor, *state) for state in CALL_STATES]
    with transaction.atomic():
        head, objective = locked(Objective, first.id)
        note(objective, head, [event(kind, facts, now=NOW) for kind, facts in _facts(calls[0])])
    others = [_objective_in(ObjectiveState(state), first, actor) for state in ObjectiveState]
    # Nobody is to work on them: whoever serves this world may have a worker beside it.
    heads = RunHead.objects.filter(space_id=actor.space.id)
    heads.update(state=HeadState.PARKED, available_at=None)
    over = [one.id for one in others if one.state in OVER]
    heads.filter(run_id__in=over).update(state=HeadState.ENDED)
    return World(
        things,
        [spell(Prefix.OBJECTIVE, one.id) for one in (first, *others)],
        [spell(Prefix.TOOL_CALL, call.id) for call in calls],
    )


def make_steerable(actor: Actor) -> dict[str, str]:
    """An objective that waits for a message, and one that waits for three decisions, for the verbs.

    The names are `idle`, `asked`, and the calls `approve`, `deny` and `content` of the latter.
    """
    people = make_tool_set(
        space=actor.space, created_by=actor.principal, name="people", adapter=AdapterKind.BARE
    )
    agent = make_published_agent(actor, make_tool(tool_set=people, name="ask"))
    idle, asked = begin_objective(actor, agent), begin_objective(actor, agent)
    waits = ApprovalStatus.WAITING_FOR_APPROVAL
    calls = {
        "approve": ask_for(asked, "ask", approval=waits),
        "deny": ask_for(asked, "ask", approval=waits),
        "content": ask_for(
            asked, "ask", approval=ApprovalStatus.AUTO_APPROVED, execution=ExecutionStatus.WAITING_FOR_CONTENT
        ),
    }
    park(idle)
    park(asked)
    return {
        "agent": spell(Prefix.AGENT, agent.id),
        "idle": spell(Prefix.OBJECTIVE, idle.id),
        "asked": spell(Prefix.OBJECTIVE, asked.id),
        **{name: spell(Prefix.TOOL_CALL, call.id) for name, call in calls.items()},
    }


def _objective_in(state: ObjectiveState, like: Objective, actor: Actor) -> Objective:
    objective = begin_objective(actor, like.agent)
    objective.state = state
    objective.finished_at = NOW if state in OVER else None
    objective.error_type = ErrorType.MODEL_ERROR if state == ObjectiveState.FAILED else ""
    objective.output = {"found": "it"} if state == ObjectiveState.FINALIZED else None
    Objective.objects.filter(pk=objective.pk).update(
        state=state,
        finished_at=objective.finished_at,
        error_type=objective.error_type,
        output=objective.output,
        parent=like,
        continued_at=NOW if state == ObjectiveState.RUNNING else None,
        continued_by=actor.principal if state == ObjectiveState.RUNNING else None,
        provider_unavailable_since=NOW if state == ObjectiveState.RUNNING else None,
        next_try_at=NOW if state == ObjectiveState.RUNNING else None,
        pinned_parameters={"order": "7"},
        system_prompt_data={"name": "Ada"},
        first_user_message_data={"topic": None},
    )
    return objective


def _call_in(
    objective: Objective, actor: Actor, approval: ApprovalStatus, execution: ExecutionStatus
) -> ToolCall:
    call = ask_for(objective, "find_order", approval=approval, execution=execution)
    call.arguments = {"order": "7", "nothing": None}
    call.resolved_secrets = [{"key": "TOKEN", "source": "RESOLVED_SECRET_SOURCE_TOOLSET"}]
    if approval in {ApprovalStatus.APPROVED, ApprovalStatus.DENIED}:
        call.decided_by_id, call.decided_at = actor.principal.id, NOW
        call.memo = "No." if approval == ApprovalStatus.DENIED else None
    if execution == ExecutionStatus.COMPLETED:
        png = store_blob(io.BytesIO(b"\x89PNG"), now=NOW)
        image = Media("image", png.sha256, "image/png", png.size_bytes)
        sound = Media("audio", png.sha256, "audio/wav", png.size_bytes)
        call.result = store_blocks(call, [Text("Sent."), image, sound])
    call.save()
    return call


def _facts(call: ToolCall) -> Iterator[tuple[EventKind, dict[str, Any]]]:
    """Facts of each kind of event that the loop and the verbs write, all there can be."""
    of_call = {"call_id": str(call.id), "name": call.called_as}
    called = {"callable": {"kind": call.kind, **identity_facts(call.callable)}, **of_call}
    yield EventKind.REASONING, {"content": "Hm."}
    usage = {"input_tokens": 1, "output_tokens": 2, "reasoning_tokens": 1}
    asked = {"arguments": "{}", **called}
    yield EventKind.ASSISTANT_MESSAGE, {"content": "I look.", "tool_calls": [asked], "usage": usage}
    yield EventKind.APPROVAL_REQUESTED, of_call
    yield EventKind.APPROVED, of_call
    yield EventKind.DENIED, {**of_call, "memo": ""}
    yield EventKind.CALLED, {**called, "arguments": {"order": "7"}}
    yield EventKind.RETURNED, {**of_call, "is_error": False, "content": [{"type": "text", "text": "Sent."}]}
    yield EventKind.RETURNED, {**of_call, "is_error": True, "summary": "It failed."}
    compacted = {"sequence": 2, "strategies": ["summarization"], "message_count": 3, "summary": "Short."}
    yield EventKind.COMPACTED, compacted
    since = {"since": "2026-11-22T12:00:00.000000Z", "next_try_at": "2026-11-22T12:00:01.000000Z"}
    for kind in (EventKind.PROVIDER_LOST, EventKind.PROVIDER_FOUND, EventKind.CONTINUED):
        yield kind, {"message": "It is away.", **since}
    for kind in (EventKind.CANCELLED, EventKind.TIMED_OUT, EventKind.INTERRUPTED):
        yield kind, {"message": "It is over."}
    yield EventKind.FINALIZED, {"output": {"found": "it"}}
    yield EventKind.FAILED, {"error_type": "model_error", "message": "It did not answer."}
