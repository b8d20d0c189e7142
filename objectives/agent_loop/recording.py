"""Writing down a model's response: everything that follows from it, in one fenced transaction."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from executions.inference.interface import ModelReply, ModelRequest
from executions.inference.tool_names import FINAL_ANSWER
from executions.postgres_text import storable, storable_text
from executions.runs.event_kinds import EventKind
from executions.runs.lease import Lease
from executions.runs.locks import leased
from executions.runs.log import NewEvent
from objectives.agent_loop.arguments import arguments_of
from objectives.agent_loop.charges import CHARGED, charge
from objectives.agent_loop.outages import ANSWERED, note_answer
from objectives.agent_loop.request import ChosenModel, sent_beside
from objectives.agent_loop.requested_calls import Requested, requested_calls, requested_events
from objectives.events import callable_facts, event, identity_facts
from objectives.ids import Json
from objectives.lifecycles.objectives import note
from objectives.models import ContextWindow, Objective, Step
from objectives.planning.plan import Plan


@dataclass(frozen=True)
class Response:
    """A reply, and what it is the reply to; `turn` is the number of responses before it."""

    turn: int
    window: ContextWindow
    plan: Plan
    chosen: ChosenModel
    request: ModelRequest
    reply: ModelReply
    began_at: datetime


def write_response(lease: Lease, response: Response, *, now: datetime) -> None:
    """Keep the step, its tool calls, its events and what it cost; raises LeaseLost.

    May be repeated: a turn is answered once.
    """
    asking = Objective.objects.get(pk=lease.run_id)
    arguments = arguments_of(response.reply.tool_calls, response.plan, asking)
    with transaction.atomic():
        head, objective = leased(Objective, lease)
        if objective.turn != response.turn:
            return
        objective.turn += 1
        step = _step(objective, response, now)
        requested = requested_calls(
            objective, response.plan, step, response.reply, arguments=arguments, now=now
        )
        step.save(force_insert=True)
        events = [
            *note_answer(objective, now=now),
            *_thoughts(step, response, now),
            _message(step, response, requested, now),
            *requested_events(requested, now=now),
        ]
        _count(objective, response, calls=len(requested))
        note(objective, head, events)


def _step(objective: Objective, response: Response, now: datetime) -> Step:
    reply, spending = response.reply, response.reply.spending
    return Step(
        objective=objective,
        window=response.window,
        turn=objective.turn,
        request=storable(sent_beside(response.request, reply)),
        response=storable(reply.raw),
        model_name=reply.model_name[:255],
        provider=reply.provider[:100],
        library_version=reply.library_version[:40],
        finish_reason=reply.finish_reason,
        input_tokens=spending.usage.input_tokens,
        output_tokens=spending.usage.output_tokens,
        cache_read_tokens=spending.usage.cache_read_tokens,
        cache_write_tokens=spending.usage.cache_write_tokens,
        reasoning_tokens=spending.usage.reasoning_tokens,
        cost_usd=spending.cost_usd,
        price_version=spending.price_version,
        is_estimated=spending.usage.estimated,
        created_at=now,
    )


def _thoughts(step: Step, response: Response, now: datetime) -> list[NewEvent]:
    if not response.reply.thinking:
        return []
    facts = {"content": storable_text(response.reply.thinking)}
    return [event(EventKind.REASONING, facts, now=now, window_id=step.window_id)]


def _message(step: Step, response: Response, requested: list[Requested], now: datetime) -> NewEvent:
    facts: Json = {
        "tool_calls": [_asked(one) for one in requested if one.request.wire_name != FINAL_ANSWER],
        "usage": {name: getattr(step, name) for name in _USAGE},
    }
    if response.reply.text:
        facts["content"] = storable_text(response.reply.text)
    if not step.is_whole:
        facts["finish_reason"] = step.finish_reason
    if response.chosen.metadata is not None:
        facts["model"] = identity_facts(response.chosen.metadata)
    return event(
        EventKind.ASSISTANT_MESSAGE, facts, now=now, window_id=step.window_id, started_at=response.began_at
    )


_USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def _asked(one: Requested) -> Json:
    return {
        "call_id": str(one.call.id),
        "name": one.call.called_as,
        "arguments": storable_text(one.request.raw_arguments) or "{}",
        **callable_facts(one.call),
    }


def _count(objective: Objective, response: Response, *, calls: int) -> None:
    objective.tool_call_count += calls
    charge(objective, response.window.pk, response.reply.spending)
    objective.save(update_fields=["turn", "tool_call_count", *ANSWERED, *CHARGED])
