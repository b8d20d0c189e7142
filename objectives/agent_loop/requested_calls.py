"""From what a model asks for to the rows of its tool calls: checked, and told where it cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from executions.inference.interface import ModelReply, ToolRequest
from executions.inference.response_repair import CUT_SHORT, SEND_AGAIN
from executions.postgres_text import storable, storable_text
from executions.runs.log import NewEvent
from objectives.agent_loop.answers import answer_problem
from objectives.agent_loop.arguments import ArgumentsRefused
from objectives.ids import Json
from objectives.lifecycles.calls import ask_people, fail
from objectives.models import Agent, ApprovalStatus, CallError, CallKind, Objective, Step, Tool, ToolCall
from objectives.planning.plan import Offered, Plan
from spaces.ids import new_id

MOST_NAME = 255  # characters of a function's name


@dataclass(frozen=True)
class Requested:
    """A call as it goes into the log: what the model wrote, and the row."""

    request: ToolRequest
    call: ToolCall
    error: tuple[CallError, str] | None
    approval_expires_seconds: float | None = None


def requested_calls(
    objective: Objective,
    plan: Plan,
    step: Step,
    reply: ModelReply,
    *,
    arguments: Sequence[Json | ArgumentsRefused],
    now: datetime,
) -> list[Requested]:
    """Unsaved rows for everything that a response asks for; `arguments` are those of its calls, in order.

    An accepted final answer ends the objective: what was asked for beside it is not done. One that is not as
    it should be becomes a call that failed, so that the model hears what is wrong with it. Of an answer
    that was cut off no call is made, whole as it may look.
    """
    reading = _Reading(objective, plan, step, now)
    if reply.finish_reason in CUT_SHORT:
        written = [*reply.tool_calls, *filter(None, [reply.answer])]
        return [reading.cut_off(request, place) for place, request in enumerate(written)]
    asked = [
        reading.call(request, place, final)
        for place, (request, final) in enumerate(zip(reply.tool_calls, arguments, strict=True))
    ]
    if reply.answer is None or plan.answer_schema is None:
        return asked
    problem = answer_problem(reply.answer.arguments, plan.answer_schema)
    if problem is None:
        return []
    return [*asked, reading.refused_answer(reply.answer, problem, len(asked))]


def requested_events(requested: Sequence[Requested], *, now: datetime) -> list[NewEvent]:
    """Save the rows; the events that follow the response: who is asked, and what failed already."""
    ToolCall.objects.bulk_create(one.call for one in requested)
    events = []
    for one in requested:
        if one.error is not None:
            events.append(fail(one.call, *one.error, now=now))
        elif one.call.waits_for_people:
            events.append(ask_people(one.call, one.approval_expires_seconds, now=now))
    return events


class _Reading:
    """Makes rows of what one response asks for."""

    def __init__(self, objective: Objective, plan: Plan, step: Step, now: datetime) -> None:
        self._objective = objective
        self._plan = plan
        self._step = step
        self._now = now

    def call(self, request: ToolRequest, place: int, final: Json | ArgumentsRefused) -> Requested:
        call = self._row(request, place)
        offered = self._plan.of_function(request.name)
        if offered is None:
            return Requested(request, call, (CallError.UNKNOWN_TOOL, f"There is no tool {call.called_as!r}."))
        _describe(call, offered)
        if isinstance(final, ArgumentsRefused):
            return Requested(request, call, (CallError.INVALID_ARGUMENTS, str(final)))
        call.arguments = final
        if offered.requires_approval:
            call.approval = ApprovalStatus.WAITING_FOR_APPROVAL
            call.awaits_judgement = offered.auto_mode is not None
        return Requested(request, call, None, offered.approval_expires_seconds)

    def cut_off(self, request: ToolRequest, place: int) -> Requested:
        call = self._row(request, place)
        offered = self._plan.of_function(request.name)
        if offered is not None:
            _describe(call, offered)
        return Requested(request, call, (CallError.CUT_OFF, SEND_AGAIN))

    def refused_answer(self, request: ToolRequest, problem: str, place: int) -> Requested:
        call = self._row(request, place)
        return Requested(request, call, (CallError.INVALID_ARGUMENTS, f"The answer is refused: {problem}."))

    def _row(self, request: ToolRequest, place: int) -> ToolCall:
        name = storable_text(request.name)[:MOST_NAME]
        return ToolCall(
            id=new_id(),
            space_id=self._objective.space_id,
            created_by_id=self._objective.created_by_id,
            created_at=self._now,
            objective=self._objective,
            caller_id=self._objective.agent_id,
            step=self._step,
            place=place,
            provider_call_id=request.call_id,
            called_as=name,
            kind=CallKind.UNKNOWN,
            callable={"name": name},
            arguments=storable(request.arguments or {}),
            raw_arguments=storable_text(request.raw_arguments) if request.arguments is None else "",
            approval=ApprovalStatus.AUTO_APPROVED,
        )


def _describe(call: ToolCall, offered: Offered) -> None:
    call.kind = offered.kind
    call.callable = offered.metadata
    call.config = offered.snapshot.get("spec", {}).get("config") or {}
    call.is_safe_to_repeat = offered.is_safe_to_repeat
    # Tools and agents may be gone by now: what the plan says about them stays.
    if offered.kind == CallKind.TOOL:
        call.tool = Tool.objects.filter(pk=offered.ref).first()
    elif offered.kind == CallKind.AGENT:
        call.agent = Agent.objects.filter(pk=offered.ref).first()
    elif offered.kind == CallKind.SKILL:
        call.skill_slug = offered.ref
