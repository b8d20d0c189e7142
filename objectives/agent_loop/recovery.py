"""What becomes of requests that gave no answer: what they cost, and when their provider is asked again.

Decision: that the model is asked is written down first. So a request whose worker was killed is found by the
next one, and charged by an estimate, although nobody told what it cost.

Decision: an outage is a fact in the objective's row, and the wait is the head's own `available_at`. So it
holds no slot and no process, outlives every worker, and is bounded by a time instead of a number of tries.
"""

import random
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from executions.inference.attachments import fitted
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelHeldBack, ModelUnavailable
from executions.inference.interface import ModelRequest, Spending, TokenUsage
from executions.inference.prices import price
from executions.inference.token_usage import tokens_asked, tokens_in
from executions.models import RunEvent, RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.log import NewEvent
from executions.runs.verbs import backoff, requeue
from objectives.actions.partial_messages import OF_TURNS, TEXTS
from objectives.agent_loop.context import LockedTurn
from objectives.agent_loop.endings import fail_objective
from objectives.agent_loop.model_request import CannotAsk
from objectives.events import event
from objectives.ids import wire_moment
from objectives.lifecycles.objectives import forget_outage, note
from objectives.model_providers.pauses import note_pause
from objectives.models import BrokenRequest, ContextWindow, ErrorType, Objective
from spaces.models import Space
from spaces.phrases import in_words, to_the_second

type Asked = tuple[ModelRequest, ModelChoice]

FIRST_BACKOFF = timedelta(seconds=1)
MOST_SPREAD = 30.0  # seconds by which those that wait for one provider come apart
MOST_BROKEN = 10  # answers of one outage that broke off after they had begun: each of them is paid for

# What an answer changes of an objective, for whoever keeps it to save.
ANSWERED = (
    "failures",
    "lost_worker_count",
    "asked_at",
    "ask_not_before",
    "provider_unavailable_since",
    "provider_message",
    "next_try_at",
)
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


def begin_request(turn: LockedTurn, asking: Callable[[], Asked]) -> None:
    """Write down that the model is asked now, which is the intent before the effect.

    Says so in the log where a former attempt at this turn was heard of. `asking` gives what is asked, or
    raises CannotAsk: by it a request is charged of which nobody told what it cost. May be repeated with the
    same time.
    """
    objective, now = turn.objective, turn.now
    heard = None if turn.is_unasked else _heard_of(objective)
    if objective.asked_at not in {None, now} and not _is_paid(objective, objective.asked_at):
        written = 0 if heard is None else heard.data["offset"] + len(heard.data["text"])
        # What cannot be asked now was asked of another model: nobody knows its price.
        with suppress(CannotAsk):
            keep_broken(objective, estimate(*asking(), written), now=now)
    objective.asked_at = now
    turn.fields.add("asked_at")
    turn.context.unasked_turn = None
    if heard is not None:
        restarted = {"turn": objective.turn, "attempt": objective.attempt}
        turn.events.append(event(EventKind.RESTARTED, restarted, now=now))


def _heard_of(objective: Objective) -> RunEvent | None:
    """The newest text of a response that never came to its end; None where no such thing was streamed."""
    events = RunEvent.objects.filter(run_id=objective.id, kind__in=OF_TURNS)
    newest = events.order_by("-seq").first()
    is_of_turn = newest is not None and newest.kind in TEXTS and newest.data["turn"] == objective.turn
    return newest if is_of_turn else None


def _is_paid(objective: Objective, since: datetime | None) -> bool:
    """Whether a request that was made then and cut off could still say what it cost."""
    return BrokenRequest.objects.filter(objective=objective, created_at__gte=since).exists()


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
    """Keep what a request cost that gave no usable answer; it needs no lease, since it was paid for.

    Idempotent: the same spending is kept once, also where only the answer to its commit was lost.
    """
    if spending is None:
        return
    broken = BrokenRequest(
        id=spending.id,
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
    BrokenRequest.objects.bulk_create([broken], ignore_conflicts=True)


def estimate(request: ModelRequest, choice: ModelChoice, written: int) -> Spending:
    """What a request cost of which nobody told: all of it read, so many characters of an answer written."""
    usage = TokenUsage(
        input_tokens=tokens_asked(fitted(request, choice)), output_tokens=tokens_in(written), estimated=True
    )
    cost, version = price(usage, choice, model_name=choice.name, provider_url=None)
    return Spending(model=choice.name, usage=usage, cost_usd=cost, price_version=version)


def wait_for_provider(objective: Objective, head: RunHead, error: ModelUnavailable, *, now: datetime) -> None:
    """Put a locked, leased objective back into the queue until its provider is asked again.

    It waits 1 s, 2 s, 4 s … 5 minutes, and at least as long as the provider asked for; where its space's
    patience is over, it fails. One that was held back has not tried.
    """
    asked = error.retry_after
    objective.ask_not_before = now + timedelta(seconds=asked) if asked else None
    objective.failures += not isinstance(error, ModelHeldBack)
    objective.lost_worker_count = 0
    since = objective.provider_unavailable_since or now
    ends_at = since + _patience(objective)
    if ends_at <= now:
        _give_up(objective, head, error.message, since=since, now=now)
    elif error.spending is not None and _broken_answers(objective, since) >= MOST_BROKEN:
        message = f"{error.message} ({MOST_BROKEN} answers broke off, each of which is paid for)"
        _give_up(objective, head, message, since=since, now=now)
    else:
        wait = max(backoff(objective.failures, first=FIRST_BACKOFF), timedelta(seconds=asked or 0))
        _queue(objective, head, error.message, min(wait + _spread(wait), ends_at - now), now=now)
    # The last lock: many wait for it that have heard the same.
    note_pause(error, now=now)


def hold_back(turn: LockedTurn) -> bool:
    """Whether the objective's provider must not be asked yet: then the lease is given up."""
    objective, head, now = turn.objective, turn.head, turn.now
    until = objective.ask_not_before
    if until is None or until <= now:
        return False
    turn.write()
    message = objective.provider_message or f"It asked to be left alone until {to_the_second(until)}."
    since = objective.provider_unavailable_since or now
    ends_at = since + _patience(objective)
    if ends_at <= now:
        _give_up(objective, head, message, since=since, now=now)
    else:
        _queue(objective, head, message, min(until, ends_at) - now, now=now)
    return True


def note_answer(objective: Objective, *, now: datetime) -> list[NewEvent]:
    """Take the answer of a locked objective's provider for the end of an outage, whose event it returns.

    The caller saves ANSWERED.
    """
    since = objective.provider_unavailable_since
    objective.asked_at = objective.ask_not_before = None
    objective.failures = objective.lost_worker_count = 0
    if since is None:
        return []
    forget_outage(objective)
    message = f"The provider answers again, after {in_words(now - since)}."
    return [event(EventKind.PROVIDER_FOUND, {"message": message, "since": wire_moment(since)}, now=now)]


def _queue(objective: Objective, head: RunHead, message: str, wait: timedelta, *, now: datetime) -> None:
    is_new = objective.provider_unavailable_since is None
    since = objective.provider_unavailable_since or now
    if is_new:
        text = (
            f"The provider is unavailable since {to_the_second(since)}, "
            f"next try at {to_the_second(now + wait)}: {message}"
        )
        facts = {"message": text, "since": wire_moment(since), "next_try_at": wire_moment(now + wait)}
        note(objective, head, [event(EventKind.PROVIDER_LOST, facts, now=now)])
    requeue(head, wait)
    objective.provider_unavailable_since, objective.provider_message = since, message
    objective.next_try_at = head.available_at
    objective.save(
        update_fields=[
            *("provider_unavailable_since", "provider_message", "next_try_at", "ask_not_before"),
            *("failures", "lost_worker_count"),
        ]
    )


def _give_up(objective: Objective, head: RunHead, message: str, *, since: datetime, now: datetime) -> None:
    waited = f"gave up after {in_words(now - since)}" if now > since else "this space does not wait for it"
    text = f"The provider is unavailable since {to_the_second(since)}; {waited}: {message}"
    fail_objective(objective, head, ErrorType.PROVIDER_UNAVAILABLE, text, now=now)


def _patience(objective: Objective) -> timedelta:
    """How long the objective's space waits for a provider."""
    seconds = Space.objects.values_list("provider_patience_seconds", flat=True).get(pk=objective.space_id)
    return timedelta(seconds=seconds)


def _broken_answers(objective: Objective, since: datetime) -> int:
    """How many answers of this outage were paid for in vain, the first one included."""
    later = BrokenRequest.objects.filter(objective=objective, turn=objective.turn, created_at__gt=since)
    return 1 + later.count()


def _spread(wait: timedelta) -> timedelta:
    """Something more, so that all that wait for one provider do not come at the same moment."""
    most = min(wait.total_seconds() / 4, MOST_SPREAD)
    return timedelta(seconds=random.uniform(0, most))  # noqa: S311 - no secret
