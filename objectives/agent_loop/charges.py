"""What model requests cost: those that were answered, and those that were cut off all the same.

Decision: that the model is asked is written down first. So a request whose worker was killed is found by the
next one, and charged by an estimate, although nobody told what it cost.
"""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F

from executions.inference.attachments import fitted
from executions.inference.choices import ModelChoice
from executions.inference.interface import ModelRequest, Spending, TokenUsage
from executions.inference.prices import price
from executions.inference.token_usage import tokens_asked, tokens_in
from executions.models import RunEvent
from executions.runs.db_retry import retry_database
from executions.runs.event_kinds import EventKind
from executions.runs.lease import Lease
from executions.runs.locks import leased
from objectives.actions.partial_messages import OF_TURNS, TEXTS
from objectives.events import event
from objectives.lifecycles.objectives import note
from objectives.models import BrokenRequest, ContextWindow, Objective

# What `charge` changes of an objective, for the caller to save.
CHARGED = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_usd",
)


def charge(objective: Objective, window_id: uuid.UUID, spending: Spending) -> None:
    """Count what a request used: to its window, and to a locked objective, whose CHARGED are to be saved."""
    usage = spending.usage
    objective.input_tokens += usage.input_tokens
    objective.output_tokens += usage.output_tokens
    objective.cache_read_tokens += usage.cache_read_tokens
    objective.cache_write_tokens += usage.cache_write_tokens
    objective.reasoning_tokens += usage.reasoning_tokens
    objective.cost_usd += spending.cost_usd or 0
    ContextWindow.objects.filter(pk=window_id).update(
        prompt_tokens=F("prompt_tokens") + usage.input_tokens,
        completion_tokens=F("completion_tokens") + usage.output_tokens,
    )


def note_asking(lease: Lease, request: ModelRequest, choice: ModelChoice, *, now: datetime) -> None:
    """Write down that the model is asked now; raises LeaseLost.

    Says so in the log where a former attempt at this turn was heard of. May be repeated with the same `now`.
    """
    with transaction.atomic():
        head, objective = leased(Objective, lease)
        heard = _heard_of(objective)
        if objective.asked_at not in {None, now} and not _is_paid(objective, objective.asked_at):
            written = 0 if heard is None else heard.data["offset"] + len(heard.data["text"])
            keep_broken(objective, estimate(request, choice, written), now=now)
        objective.asked_at = now
        objective.save(update_fields=["asked_at"])
        if heard is not None:
            restarted = {"turn": objective.turn, "attempt": objective.attempt}
            note(objective, head, [event(EventKind.RESTARTED, restarted, now=now)])


def _heard_of(objective: Objective) -> RunEvent | None:
    """The newest text of a response that never came to its end; None where no such thing was streamed."""
    events = RunEvent.objects.filter(run_id=objective.id, kind__in=OF_TURNS)
    newest = events.order_by("-seq").first()
    is_of_turn = newest is not None and newest.kind in TEXTS and newest.data["turn"] == objective.turn
    return newest if is_of_turn else None


def _is_paid(objective: Objective, since: datetime | None) -> bool:
    """Whether a request that was made then and cut off could still say what it cost."""
    return BrokenRequest.objects.filter(objective=objective, created_at__gte=since).exists()


@retry_database
def close_request(
    objective: Objective, spending: Spending | None, *, now: datetime, is_empty: bool = False
) -> None:
    """Keep what a request cost that failed, and that nothing more is to be charged for it.

    `objective` is as it was when the request was made: one that another worker makes by now is not touched.
    """
    with transaction.atomic():
        keep_broken(objective, spending, now=now, is_empty=is_empty)
        if objective.asked_at is not None:
            asked = Objective.objects.filter(pk=objective.pk, asked_at=objective.asked_at)
            asked.update(asked_at=None)


def has_answered_nothing(objective: Objective) -> bool:
    """Whether the model has already answered this turn without text and calls."""
    return BrokenRequest.objects.filter(objective=objective, turn=objective.turn, is_empty=True).exists()


def keep_broken(
    objective: Objective, spending: Spending | None, *, now: datetime, is_empty: bool = False
) -> None:
    """Keep what a request cost that gave no usable answer; it needs no lease, since it was paid for."""
    if spending is None:
        return
    BrokenRequest.objects.create(
        objective=objective,
        turn=objective.turn,
        model_name=spending.model,
        input_tokens=spending.usage.input_tokens,
        output_tokens=spending.usage.output_tokens,
        cost_usd=spending.cost_usd,
        price_version=spending.price_version,
        is_estimated=spending.usage.estimated,
        is_empty=is_empty,
        created_at=now,
    )


def estimate(request: ModelRequest, choice: ModelChoice, written: int) -> Spending:
    """What a request cost of which nobody told: all of it read, so many characters of an answer written."""
    usage = TokenUsage(
        input_tokens=tokens_asked(fitted(request, choice)), output_tokens=tokens_in(written), estimated=True
    )
    cost, version = price(usage, choice, model_name=choice.name, provider_url=None)
    return Spending(model=choice.name, usage=usage, cost_usd=cost, price_version=version)
