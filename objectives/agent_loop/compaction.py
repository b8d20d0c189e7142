"""Opening a new context window: old results are left out, and what was said is summed up.

Decision: nothing that a person may still read is lost. Steps, calls and messages stay as they are; only what
the model is sent begins anew with the opening of the new window.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

from executions.inference.errors import ModelError, ModelTooLong
from executions.inference.interface import DemoSettings, Message, ModelRequest, Spending
from executions.inference.model_request import ask_model, unheard
from executions.inference.token_usage import tokens_in, weight
from executions.inference.transcript import user_message
from executions.inference.truncation import ESTIMATE_MARGIN, clear_results, fit_results, newest_within
from executions.postgres_text import storable_text
from executions.runs.event_kinds import EventKind
from executions.runs.log import NewEvent
from objectives.actions.queued_actions import mark_sent, newest_window
from objectives.agent_loop.context import AttemptContext, LockedTurn
from objectives.agent_loop.model_request import (
    CannotAsk,
    Conversation,
    chosen_model,
    conversation_of,
    step_request,
)
from objectives.agent_loop.model_step import after_error, give_up
from objectives.agent_loop.model_wait import broken_off
from objectives.agent_loop.recovery import ANSWERED, CHARGED, begin_request, charge, note_answer
from objectives.events import event
from objectives.ids import Json
from objectives.lifecycles.objectives import note
from objectives.models import ActionState, ContextWindow, ErrorType, Objective, QueuedAction
from objectives.planning.plan import Plan

CLEARING, SUMMING_UP = "tool_result_clearing", "summarization"
THRESHOLD = 0.75  # of what the model can read, where the variation says nothing else
PRESERVED = 2  # newest results that stay as they are
ASK = (
    "The conversation has to be shortened. Write down everything that is needed to go on with it: what was "
    "asked for, what was found out and decided, with exact names and numbers, what was done and what is "
    "still to be done. Call no tool; answer with that text alone."
)
FRAME = "This is what happened so far, summed up:\n\n{summary}"
DEMO_SUMMARY = "The demo model sums nothing up: the conversation went on as its script says."


def most_tokens(plan: Plan) -> int:
    """How many tokens a request may make its model read before the window is compacted; 0: not known."""
    share = float((plan.compaction or {}).get("triggerThreshold") or THRESHOLD)
    return int(share * plan.context_tokens)


def compaction_due(plan: Plan, input_tokens: int) -> bool:
    """Whether a request of so many tokens fills too much of what the model can read."""
    return plan.context_tokens > 0 and input_tokens >= most_tokens(plan)


@dataclass(frozen=True)
class Shortened:
    """What a new window begins with, and how it came about."""

    opening: list[Message]
    strategies: list[str]
    compacted: int
    summary: str = ""
    spendings: list[Spending] = field(default_factory=list)


async def open_window(
    context: AttemptContext,
    objective: Objective,
    plan: Plan,
    *,
    action: QueuedAction | None = None,
    refused: ModelTooLong | None = None,
) -> None:
    """Go on in a new window, unless the lease is given up instead.

    `action` is who asked for it, None where the old window is full, or where the provider `refused` it as
    too long: that is mended once. Raises LeaseLost, and RunStopped where somebody stopped the run meanwhile.
    """
    talk = await context.read(conversation_of, objective)
    if refused is not None and not talk.steps:
        # There is nothing to leave out, or all that can be has been.
        await context.step(give_up, ErrorType.MODEL_ERROR, refused.message)
        return
    try:
        shortened = await _shortened(context, objective, plan, talk, action=action, refused=refused)
    except CannotAsk as cannot:
        await context.step(give_up, cannot.error, cannot.message)
    except ModelError as error:
        await after_error(context, objective, error)
    else:
        await context.step(_write, talk.window, shortened, action)


async def _shortened(
    context: AttemptContext,
    objective: Objective,
    plan: Plan,
    talk: Conversation,
    *,
    action: QueuedAction | None,
    refused: ModelTooLong | None,
) -> Shortened:
    config: Json = (action.compaction if action else None) or plan.compaction or {}
    # Of a conversation of megabytes the event loop, which hundreds share, reads nothing.
    cleared = await asyncio.to_thread(
        _cleared, objective, plan, talk, config, is_asked=action is not None, refused=refused
    )
    if cleared.is_enough:
        return Shortened(cleared.messages, [CLEARING], cleared.count)
    summary, spending = await _sum_up(context, objective, plan, talk, asked=cleared.question)
    kept = talk.unanswered() if cleared.room is None else fit_results(talk.unanswered(), cleared.room // 2)
    opening = [user_message(FRAME.format(summary=summary)), *kept]
    compacted = cleared.length - len(kept)
    return Shortened(opening, cleared.strategies, compacted, summary, [spending])


@dataclass(frozen=True)
class _Cleared:
    """A conversation of `length` messages without `count` old results; `question` asks to sum it up."""

    messages: list[Message]
    length: int
    count: int
    strategies: list[str]
    room: int | None
    is_enough: bool = True
    question: list[Message] = field(default_factory=list)


def _cleared(
    objective: Objective,
    plan: Plan,
    talk: Conversation,
    config: Json,
    *,
    is_asked: bool,
    refused: ModelTooLong | None,
) -> _Cleared:
    strategies = [
        name
        for name, key in ((CLEARING, "toolResultClearing"), (SUMMING_UP, "summarization"))
        if key in config
    ] or [CLEARING, SUMMING_UP]
    before = talk.messages()
    preserved = int((config.get("toolResultClearing") or {}).get("preserveRecentResults", PRESERVED))
    is_cleared = CLEARING in strategies or refused is not None
    after, count = clear_results(before, preserved) if is_cleared else (before, 0)
    room = _room(objective, plan, before, refused)
    if room is not None and is_cleared:
        after = fit_results(after, room)
    found = _Cleared(after, len(before), count, strategies, room)
    if SUMMING_UP not in strategies or (
        not is_asked and _is_enough(plan, talk, before=before, after=after, room=room)
    ):
        return found
    instructions = str((config.get("summarization") or {}).get("instructions") or "")
    asked = [*after, user_message(f"{ASK} {instructions}".strip())]
    if room is not None:
        asked = newest_within(fit_results(asked, room), room)
    return replace(found, is_enough=False, question=asked)


def _room(
    objective: Objective, plan: Plan, before: list[Message], refused: ModelTooLong | None
) -> int | None:
    """How many tokens the messages of a request may be, by our own estimate; None where nobody knows."""
    if refused is not None:
        return round(tokens_in(weight(before)) * refused.share * ESTIMATE_MARGIN)
    if not plan.context_tokens:
        return None
    beside = len(objective.system_prompt) + sum(len(str(one.parameters)) for one in plan.offered)
    return max(most_tokens(plan) - tokens_in(beside), 0)


def _is_enough(
    plan: Plan, talk: Conversation, *, before: list[Message], after: list[Message], room: int | None
) -> bool:
    """Whether leaving results out makes the next request short enough, judged by its characters."""
    if not talk.steps:
        return True
    if room is not None and tokens_in(weight(after)) > room:
        return False
    tokens = talk.steps[-1][0].input_tokens
    return not compaction_due(plan, round(tokens * weight(after) / max(weight(before), 1)))


async def _sum_up(
    context: AttemptContext,
    objective: Objective,
    plan: Plan,
    talk: Conversation,
    *,
    asked: list[Message],
) -> tuple[str, Spending]:
    """What the model says when it is asked for a summary; raises CannotAsk and ModelError."""
    chosen = await context.read(chosen_model, objective, plan)
    request: ModelRequest = replace(
        step_request(objective, plan, talk, chosen.choice, fence=context.held.lease.fence),
        messages=asked,
        answer_schema=None,
        idempotency_key=f"{objective.id}-window-{talk.window.sequence}-{context.held.lease.fence}",
        demo=DemoSettings([{"answer": DEMO_SUMMARY}] * 2, turn=1),
    )
    await context.step(begin_request, lambda: (request, chosen.choice))
    objective.asked_at = context.objective.asked_at
    with broken_off(context.held) as stopped:
        reply = await ask_model(request, on_text=unheard, stopped=stopped)
    return storable_text(reply.text), reply.spending


def _write(turn: LockedTurn, old: ContextWindow, shortened: Shortened, action: QueuedAction | None) -> None:
    objective, now = turn.objective, turn.now
    if newest_window(objective).pk != old.pk:
        return  # written already, and only the answer was lost
    window = ContextWindow.objects.create(
        objective=objective,
        space_id=objective.space_id,
        created_by_id=objective.created_by_id,
        created_at=now,
        sequence=old.sequence + 1,
        opening=shortened.opening,
        continue_instructions=shortened.summary,
    )
    answered = note_answer(objective, now=now) if shortened.spendings else []
    objective.window_count += 1
    for spending in shortened.spendings:
        charge(objective, old.pk, spending)  # it belongs to the window that it sums up
    fields = {*turn.fields, "window_count", *ANSWERED, *CHARGED}
    rows = note(objective, turn.head, [*answered, _event(window, shortened, now)], also=fields)
    asked = None if action is None else QueuedAction.objects.get(pk=action.pk)
    if asked is not None and asked.state == ActionState.QUEUED:
        mark_sent(asked, rows[-1], now=now)


def _event(window: ContextWindow, shortened: Shortened, now: datetime) -> NewEvent:
    facts = {
        "sequence": window.sequence,
        "strategies": shortened.strategies,
        "message_count": shortened.compacted,
        "summary": shortened.summary,
    }
    return event(EventKind.COMPACTED, facts, now=now, window_id=window.id)
