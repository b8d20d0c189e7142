"""Opening a new context window: old results are left out, and what was said is summed up.

Decision: nothing that a person may still read is lost. Steps, calls and messages stay as they are; only what
the model is sent begins anew with the opening of the new window.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from executions.inference.errors import ModelError, ModelTooLong
from executions.inference.interface import DemoSettings, Message, ModelRequest, Spending
from executions.inference.model_request import respond
from executions.inference.token_usage import tokens_in, weight
from executions.inference.transcript import user_message
from executions.inference.truncation import ESTIMATE_MARGIN, clear_results, fit_results, newest_within
from executions.postgres_text import storable_text
from executions.runs.db_retry import retry_database
from executions.runs.event_kinds import EventKind
from executions.runs.lease import Lease
from executions.runs.locks import leased
from executions.runs.log import NewEvent
from executions.runs.worker.heartbeat import HeldLease
from objectives.actions.queued_actions import mark_sent, newest_window
from objectives.agent_loop.charges import CHARGED, charge
from objectives.agent_loop.model_request import (
    CannotAsk,
    Conversation,
    chosen_model,
    conversation_of,
    read_objective,
    step_request,
)
from objectives.agent_loop.model_step import InterruptWatch, after_error, give_up, note_request
from objectives.agent_loop.outages import ANSWERED, note_answer
from objectives.agent_loop.texts import TextRecorder
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


def open_window(
    held: HeldLease[TextRecorder], action: QueuedAction | None, refused: ModelTooLong | None = None
) -> bool:
    """Go on in a new window; False where the lease was given up instead.

    `action` is who asked for it, None where the old window is full, or where the provider `refused` it as
    too long: that is mended once. Raises LeaseLost, and RunStopped where somebody stopped the run meanwhile.
    """
    objective = read_objective(held)
    talk = conversation_of(objective)
    if refused is not None and not talk.steps:
        # There is nothing to leave out, or all that can be has been.
        give_up(held, ErrorType.MODEL_ERROR, refused.message)
        return False
    try:
        shortened = _shortened(held, objective, talk, action=action, refused=refused)
    except CannotAsk as cannot:
        give_up(held, cannot.error, cannot.message)
        return False
    except ModelError as error:
        return after_error(held, objective, error)
    write = retry_database(_write, check=held.require)
    write(held.lease, talk.window, shortened, action, now=timezone.now())
    return True


def _shortened(
    held: HeldLease[TextRecorder],
    objective: Objective,
    talk: Conversation,
    *,
    action: QueuedAction | None,
    refused: ModelTooLong | None,
) -> Shortened:
    plan = Plan.read(objective.plan)
    config: Json = (action.compaction if action else None) or plan.compaction or {}
    strategies = [
        name
        for name, key in ((CLEARING, "toolResultClearing"), (SUMMING_UP, "summarization"))
        if key in config
    ] or [CLEARING, SUMMING_UP]
    before = talk.messages()
    preserved = int((config.get("toolResultClearing") or {}).get("preserveRecentResults", PRESERVED))
    is_cleared = CLEARING in strategies or refused is not None
    after, cleared = clear_results(before, preserved) if is_cleared else (before, 0)
    room = _room(objective, plan, before, refused)
    if room is not None and is_cleared:
        after = fit_results(after, room)
    if SUMMING_UP not in strategies or (
        action is None and _is_enough(plan, talk, before=before, after=after, room=room)
    ):
        return Shortened(after, [CLEARING], cleared)
    instructions = str((config.get("summarization") or {}).get("instructions") or "")
    question = user_message(f"{ASK} {instructions}".strip())
    asked = [*after, question]
    if room is not None:
        asked = newest_within(fit_results(asked, room), room)
    summary, spending = _sum_up(held, objective, plan, talk, asked=asked)
    kept = talk.unanswered() if room is None else fit_results(talk.unanswered(), room // 2)
    opening = [user_message(FRAME.format(summary=summary)), *kept]
    return Shortened(opening, strategies, len(before) - len(kept), summary, [spending])


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


def _sum_up(
    held: HeldLease[TextRecorder],
    objective: Objective,
    plan: Plan,
    talk: Conversation,
    *,
    asked: list[Message],
) -> tuple[str, Spending]:
    """What the model says when it is asked for a summary; raises CannotAsk and ModelError."""
    chosen = chosen_model(objective, plan)
    request: ModelRequest = replace(
        step_request(objective, plan, talk, chosen.choice, fence=held.lease.fence),
        messages=asked,
        answer_schema=None,
        idempotency_key=f"{objective.id}-window-{talk.window.sequence}-{held.lease.fence}",
        demo=DemoSettings([{"answer": DEMO_SUMMARY}] * 2, turn=1),
    )
    note_request(held, objective, request, chosen.choice, now=timezone.now())
    stop = InterruptWatch(held.stop, objective.id)
    reply = respond(request, on_text=lambda _: None, stop=stop)
    return storable_text(reply.text), reply.spending


def _write(
    lease: Lease,
    old: ContextWindow,
    shortened: Shortened,
    action: QueuedAction | None,
    *,
    now: datetime,
) -> None:
    with transaction.atomic():
        head, objective = leased(Objective, lease)
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
        _count(objective, old, shortened)
        rows = note(objective, head, [*answered, _event(window, shortened, now)])
        asked = None if action is None else QueuedAction.objects.get(pk=action.pk)
        if asked is not None and asked.state == ActionState.QUEUED:
            mark_sent(asked, rows[-1], now=now)


def _count(objective: Objective, old: ContextWindow, shortened: Shortened) -> None:
    """The request for a summary belongs to the window that it sums up."""
    objective.window_count += 1
    for spending in shortened.spendings:
        charge(objective, old.pk, spending)
    objective.save(update_fields=["window_count", *ANSWERED, *CHARGED])


def _event(window: ContextWindow, shortened: Shortened, now: datetime) -> NewEvent:
    facts = {
        "sequence": window.sequence,
        "strategies": shortened.strategies,
        "message_count": shortened.compacted,
        "summary": shortened.summary,
    }
    return event(EventKind.COMPACTED, facts, now=now, window_id=window.id)
