"""A provider that does not answer: its objective waits in the queue, for hours if need be, and says so.

Decision: an outage is a fact in the objective's row, and the wait is the head's own `available_at`. So it
holds no slot and no process, outlives every worker, and is bounded by a time instead of a number of tries.
"""

import random
from datetime import datetime, timedelta

from django.db import transaction

from executions.inference.errors import ModelUnavailable
from executions.models import RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.lease import Lease
from executions.runs.locks import leased
from executions.runs.log import NewEvent
from executions.runs.verbs import backoff, requeue
from objectives.agent_loop.endings import fail_objective
from objectives.events import event
from objectives.ids import wire_moment
from objectives.lifecycles.objectives import forget_outage, note
from objectives.models import BrokenRequest, ErrorType, Objective
from spaces.models import Space
from spaces.phrases import in_words, to_the_second

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


def wait_for_provider(objective: Objective, head: RunHead, error: ModelUnavailable, *, now: datetime) -> None:
    """Put a locked, leased objective back into the queue until its provider is asked again.

    It waits 1 s, 2 s, 4 s … 5 minutes, and at least as long as the provider asked for; where its space's
    patience is over, it fails.
    """
    asked = error.retry_after
    objective.ask_not_before = now + timedelta(seconds=asked) if asked else None
    objective.failures += 1
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


def hold_back(objective: Objective, head: RunHead, *, now: datetime) -> bool:
    """Whether a locked, leased objective's provider must not be asked yet: then the lease is given up."""
    until = objective.ask_not_before
    if until is None or until <= now:
        return False
    message = objective.provider_message or f"It asked to be left alone until {to_the_second(until)}."
    since = objective.provider_unavailable_since or now
    ends_at = since + _patience(objective)
    if ends_at <= now:
        _give_up(objective, head, message, since=since, now=now)
    else:
        _queue(objective, head, message, min(until, ends_at) - now, now=now)
    return True


def leave_alone(lease: Lease, seconds: float, *, now: datetime) -> None:
    """Write down that a provider does not want to be asked for so long; raises LeaseLost."""
    with transaction.atomic():
        _, objective = leased(Objective, lease)
        until = now + timedelta(seconds=seconds)
        objective.ask_not_before = max(until, objective.ask_not_before or until)
        objective.save(update_fields=["ask_not_before"])


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
