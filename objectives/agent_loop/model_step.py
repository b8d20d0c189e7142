"""What follows from a model's response, or from none: kept in a step, with all that it asks for and costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from executions.inference.errors import (
    ModelError,
    ModelQuotaSpent,
    ModelSilent,
    ModelStopped,
    ModelUnavailable,
)
from executions.inference.interface import ModelReply, ModelRequest
from executions.inference.tool_names import FINAL_ANSWER
from executions.postgres_text import storable, storable_text
from executions.runs.event_kinds import EventKind
from executions.runs.log import NewEvent
from executions.runs.worker.stop_signal import RunStopped
from objectives.agent_loop.context import AttemptContext, LockedTurn
from objectives.agent_loop.endings import fail_turn
from objectives.agent_loop.model_request import ChosenModel, Question
from objectives.agent_loop.recovery import (
    ANSWERED,
    CHARGED,
    charge,
    close_request,
    has_answered_nothing,
    note_answer,
    wait_for_provider,
)
from objectives.agent_loop.requested_calls import (
    ArgumentsRefused,
    Requested,
    arguments_of,
    insert_calls,
    requested_calls,
)
from objectives.events import callable_facts, event, identity_facts
from objectives.ids import Json
from objectives.models import ErrorType, LanguageModel, Objective, Step
from objectives.overlays.rows import given_by

CONTENT_FILTER = "The provider withheld the answer (content filter)."
USE_STEP = timedelta(minutes=1)


@dataclass(frozen=True)
class Response:
    """A reply to a question, and the events of its text that are not written yet.

    `arguments` are those of its calls, in order, made of what the objective gave its tools when it was asked.
    """

    question: Question
    reply: ModelReply
    texts: Sequence[NewEvent]
    arguments: Sequence[Json | ArgumentsRefused]

    def keep(self, turn: LockedTurn) -> None:
        """Keep the step, its tool calls, its events and what it cost.

        May be repeated: a turn is answered once.
        """
        objective, now, asked = turn.objective, turn.now, self.question.objective
        if objective.turn != asked.turn:
            return
        arguments, plan = self.arguments, self.question.plan
        if self.reply.tool_calls and given_by(objective) != given_by(asked):
            # Somebody wrote labels, say, while the model answered. It is rare: elsewhere no template is
            # filled while the objective is locked, since that may take most of a lease.
            arguments = arguments_of(self.reply.tool_calls, plan, objective)
        objective.turn += 1
        step = _step(objective, self, now)
        requested = requested_calls(step, plan, self.reply, arguments=arguments)
        step.save(force_insert=True)
        turn.events += [
            *self.texts,
            *note_answer(objective, now=now),
            *_thoughts(step, self, now),
            _message(step, self, requested, now),
            *insert_calls(requested, now=now),
        ]
        objective.tool_call_count += len(requested)
        charge(objective, step.window_id, self.reply.spending)
        turn.fields |= {"turn", "tool_call_count", *ANSWERED, *CHARGED}
        turn.has_asked_for(step, [one.call for one in requested])


def give_up(turn: LockedTurn, error: ErrorType, message: str, texts: Sequence[NewEvent] = ()) -> None:
    """End the objective as failed, `texts` being what the model has written; nothing is asked any more."""
    turn.events += texts
    turn.objective.asked_at = None
    turn.fields.add("asked_at")
    fail_turn(turn, error, message)


async def after_error(context: AttemptContext, objective: Objective, error: ModelError) -> None:
    """Keep what a request cost all the same, and go on as far as that is possible.

    `objective` is as it was when the model was asked. Raises RunStopped where somebody stopped the run.
    """
    is_empty = isinstance(error, ModelSilent)
    was_empty = is_empty and await context.steps.run(has_answered_nothing, objective)
    await context.steps.run(close_request, objective, error.spending, now=timezone.now(), is_empty=is_empty)
    if is_empty and not was_empty:
        return  # once more
    if isinstance(error, ModelStopped):
        if context.held.stop.reason is not None:
            raise RunStopped(context.held.stop.reason) from None
        return  # the turn was interrupted: the next look at the rows says so
    if isinstance(error, ModelUnavailable):
        await context.step(_wait, error)
        return
    message = f"{error.message}, twice in a row." if is_empty else error.message
    is_spent = isinstance(error, ModelQuotaSpent)
    await context.step(give_up, ErrorType.QUOTA_EXCEEDED if is_spent else ErrorType.MODEL_ERROR, message)


def _wait(turn: LockedTurn, error: ModelUnavailable) -> None:
    wait_for_provider(turn.objective, turn.head, error, now=turn.now)


def note_use(chosen: ChosenModel) -> None:
    """Write down that a model was used, about once a minute: many objectives share its row."""
    now, row = timezone.now(), chosen.row
    if row is not None and (row.last_used_at is None or row.last_used_at < now - USE_STEP):
        used = LanguageModel.objects.filter(
            Q(last_used_at=None) | Q(last_used_at__lt=now - USE_STEP), pk=row.pk
        )
        used.update(last_used_at=now)


def _step(objective: Objective, response: Response, now: datetime) -> Step:
    reply, spending = response.reply, response.reply.spending
    return Step(
        objective=objective,
        window=response.question.talk.window,
        turn=objective.turn,
        request=storable(_sent_beside(response.question.request, reply)),
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


def _sent_beside(request: ModelRequest, reply: ModelReply) -> Json:
    """What went with the messages, for the record; it holds no secret, and of media no bytes."""
    media = {"media": list(reply.media), "media_refused": reply.media_refused} if reply.media else {}
    return {
        **media,
        "instructions": request.instructions,
        "tools": [
            {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
            for tool in request.tools
        ],
        "answer_schema": request.answer_schema,
        "settings": dict(request.settings),
    }


def _thoughts(step: Step, response: Response, now: datetime) -> list[NewEvent]:
    if not response.reply.thinking:
        return []
    facts = {"content": storable_text(response.reply.thinking)}
    return [event(EventKind.REASONING, facts, now=now, window_id=step.window_id)]


def _message(step: Step, response: Response, requested: list[Requested], now: datetime) -> NewEvent:
    facts: Json = {
        "tool_calls": [_call_facts(one) for one in requested if one.request.wire_name != FINAL_ANSWER],
        "usage": {name: getattr(step, name) for name in _USAGE},
    }
    if response.reply.text:
        facts["content"] = storable_text(response.reply.text)
    if not step.is_whole:
        facts["finish_reason"] = step.finish_reason
    if response.question.chosen.metadata is not None:
        facts["model"] = identity_facts(response.question.chosen.metadata)
    return event(
        EventKind.ASSISTANT_MESSAGE,
        facts,
        now=now,
        window_id=step.window_id,
        started_at=response.question.objective.asked_at,
    )


_USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def _call_facts(one: Requested) -> Json:
    return {
        "call_id": str(one.call.id),
        "name": one.call.called_as,
        "arguments": storable_text(one.request.raw_arguments) or "{}",
        **callable_facts(one.call),
    }
