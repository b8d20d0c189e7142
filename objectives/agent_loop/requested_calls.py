"""From what a model asks for to the rows of its tool calls, with the arguments that their tools get.

What the objective pins by name comes first, then the tool set's overlays, in their order: a rule for these
tools goes before data that happens to have a parameter's name.
"""

import math
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.inference.interface import ModelReply, ToolRequest
from executions.inference.response_repair import CUT_SHORT, SEND_AGAIN
from executions.postgres_text import storable, storable_text
from executions.runner.prompt_texts import problem_with
from executions.runs.log import NewEvent
from objectives.agent_loop.endings import answer_problem
from objectives.ids import Json
from objectives.lifecycles.calls import ask_people, fail
from objectives.models import Agent, ApprovalStatus, CallError, CallKind, Objective, Step, Tool, ToolCall
from objectives.overlays.arguments import CannotRewrite, own_part, rewritten
from objectives.overlays.rows import given_by
from objectives.planning.plan import Offered, Plan
from spaces.ids import new_id

MOST_SECONDS = 5.0  # of filling the templates of all calls of one response
MOST_NAME = 255  # characters of a function's name


class ArgumentsRefused(Exception):
    """The call cannot be made with these arguments; the message tells the model why."""


@dataclass(frozen=True)
class Requested:
    """A call as it goes into the log: what the model wrote, and the row."""

    request: ToolRequest
    call: ToolCall
    error: tuple[CallError, str] | None
    approval_expires_seconds: float | None = None


def requested_calls(
    step: Step, plan: Plan, reply: ModelReply, *, arguments: Sequence[Json | ArgumentsRefused]
) -> list[Requested]:
    """Unsaved rows for all that a step's response asks for; `arguments` are those of its calls, in order.

    An accepted final answer ends the objective: what was asked for beside it is not done. One that is not as
    it should be becomes a call that failed, so that the model hears what is wrong with it. Of an answer
    that was cut off no call is made, whole as it may look.
    """
    if reply.finish_reason in CUT_SHORT:
        written = [*reply.tool_calls, *filter(None, [reply.answer])]
        there = _still_there(reply, plan)
        return [_cut_off(step, plan, request, there, place=place) for place, request in enumerate(written)]
    there = _still_there(reply, plan)
    asked = [
        _requested(step, plan, request, there, place=place, final=final)
        for place, (request, final) in enumerate(zip(reply.tool_calls, arguments, strict=True))
    ]
    if reply.answer is None or plan.answer_schema is None:
        return asked
    problem = answer_problem(reply.answer.arguments, plan.answer_schema)
    if problem is None:
        return []
    refused = (CallError.INVALID_ARGUMENTS, f"The answer is refused: {problem}.")
    return [*asked, Requested(reply.answer, _row(step, reply.answer, len(asked)), refused)]


def insert_calls(requested: Sequence[Requested], *, now: datetime) -> list[NewEvent]:
    """Insert the rows; the events that follow the response: who is asked, and what failed already."""
    events = []
    for one in requested:
        if one.error is not None:
            events.append(fail(one.call, *one.error, now=now))
        elif one.call.waits_for_people:
            events.append(ask_people(one.call, one.approval_expires_seconds, now=now))
    ToolCall.objects.bulk_create(one.call for one in requested)
    return events


def _requested(
    step: Step,
    plan: Plan,
    request: ToolRequest,
    there: Collection[str],
    *,
    place: int,
    final: Json | ArgumentsRefused,
) -> Requested:
    call = _row(step, request, place)
    offered = plan.of_function(request.name)
    if offered is None:
        return Requested(request, call, (CallError.UNKNOWN_TOOL, f"There is no tool {call.called_as!r}."))
    _describe(call, offered, there)
    if isinstance(final, ArgumentsRefused):
        return Requested(request, call, (CallError.INVALID_ARGUMENTS, str(final)))
    call.arguments = final
    if offered.requires_approval:
        call.approval = ApprovalStatus.WAITING_FOR_APPROVAL
        call.awaits_judgement = offered.auto_mode is not None
    return Requested(request, call, None, offered.approval_expires_seconds)


def _cut_off(
    step: Step, plan: Plan, request: ToolRequest, there: Collection[str], *, place: int
) -> Requested:
    call = _row(step, request, place)
    offered = plan.of_function(request.name)
    if offered is not None:
        _describe(call, offered, there)
    return Requested(request, call, (CallError.CUT_OFF, SEND_AGAIN))


def _row(step: Step, request: ToolRequest, place: int) -> ToolCall:
    name = storable_text(request.name)[:MOST_NAME]
    return ToolCall(
        id=new_id(),
        space_id=step.objective.space_id,
        created_by_id=step.objective.created_by_id,
        created_at=step.created_at,
        objective=step.objective,
        caller_id=step.objective.agent_id,
        step=step,
        place=place,
        provider_call_id=request.call_id,
        called_as=name,
        kind=CallKind.UNKNOWN,
        callable={"name": name},
        arguments=storable(request.arguments or {}),
        raw_arguments=storable_text(request.raw_arguments) if request.arguments is None else "",
        approval=ApprovalStatus.AUTO_APPROVED,
    )


def _still_there(reply: ModelReply, plan: Plan) -> frozenset[str]:
    """The ids of called tools and agents; those that the plan offers may be gone by now."""
    asked = filter(None, [*reply.tool_calls, reply.answer])
    found = [offered for one in asked if (offered := plan.of_function(one.name)) is not None]
    there: set[str] = set()
    for kind, rows in ((CallKind.TOOL, Tool.objects), (CallKind.AGENT, Agent.objects)):
        if called := {one.ref for one in found if one.kind == kind}:
            there |= {str(pk) for pk in rows.filter(pk__in=called).values_list("pk", flat=True)}
    return frozenset(there)


def _describe(call: ToolCall, offered: Offered, there: Collection[str]) -> None:
    """What the plan says of a tool or an agent that is gone stays."""
    call.kind = offered.kind
    call.callable = offered.metadata
    call.config = offered.snapshot.get("spec", {}).get("config") or {}
    call.is_safe_to_repeat = offered.is_safe_to_repeat
    if offered.kind == CallKind.TOOL and offered.ref in there:
        call.tool_id = uuid.UUID(offered.ref)
    elif offered.kind == CallKind.AGENT and offered.ref in there:
        call.agent_id = uuid.UUID(offered.ref)
    elif offered.kind == CallKind.SKILL:
        call.skill_slug = offered.ref


def arguments_of(
    requests: Sequence[ToolRequest], plan: Plan, objective: Objective
) -> list[Json | ArgumentsRefused]:
    """The final arguments of each call, in order, or why it cannot be made; empty for no function.

    Not for transactions on the objective: templates and patterns take their time, and a head that is locked
    so long loses its lease.
    """
    until = time.monotonic() + MOST_SECONDS
    return [_arguments_or_refusal(one, plan, objective, until) for one in requests]


def _arguments_or_refusal(
    request: ToolRequest, plan: Plan, objective: Objective, until: float
) -> Json | ArgumentsRefused:
    offered = plan.of_function(request.name)
    if offered is None:
        return {}
    try:
        return final_arguments(request.arguments, offered, objective, until=until)
    except ArgumentsRefused as refused:
        return refused


def final_arguments(
    written: Json | None, offered: Offered, objective: Objective, *, until: float = math.inf
) -> Json:
    """The arguments that are recorded, shown, approved and sent; raises ArgumentsRefused.

    `written` is what the model wrote, None for no JSON object. It answers only for what it was shown.
    Templates must be filled by `until` (monotonic).
    """
    if written is None:
        raise ArgumentsRefused("The arguments must be a JSON object.")
    pinned = objective.pinned_parameters
    unpinned = {key: value for key, value in written.items() if key not in pinned}
    whole: Json = offered.snapshot.get("spec", {}).get("parameters") or {}
    own = own_part(unpinned, whole, offered.overlays, pinned)
    problem = problem_with(own, {"type": "object", **offered.parameters}, name="arguments")
    if problem is not None:
        raise ArgumentsRefused(problem)
    arguments = _with_pins(written, whole, pinned)
    try:
        made: Json = storable(rewritten(arguments, whole, offered.overlays, given_by(objective), until=until))
    except CannotRewrite as cannot:
        raise ArgumentsRefused(str(cannot)) from None
    return made


def _with_pins(arguments: Json, parameters: Json, pinned: Mapping[str, str]) -> Json:
    """Pins in the types that the function takes them in, for what it declares and for what the model sent."""
    properties = parameters.get("properties") or {}
    forced = {
        key: _typed(text, properties.get(key))
        for key, text in pinned.items()
        if key in properties or key in arguments
    }
    return {**arguments, **forced}


def _typed(text: str, schema: Any) -> Any:
    """Pins are texts; a parameter of another simple type gets what the text says, if it says such a thing."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
    except ValueError:
        return text
    if kind == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return text
