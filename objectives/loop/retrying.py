"""Trying again after a failure that may pass: a few times in a row, each later than the one before."""

from datetime import datetime, timedelta

from executions.models import RunHead
from objectives.loop.ending import fail_objective
from objectives.loop.leased import requeue
from objectives.models import ErrorType, Objective

MOST_FAILURES = 5  # in a row, without a new response: requests without an answer, workers that vanished
FIRST_BACKOFF = timedelta(seconds=1)
BACKOFF_LIMIT = timedelta(minutes=2)


def try_again(
    objective: Objective,
    head: RunHead,
    error: ErrorType,
    message: str,
    *,
    at_least: timedelta = timedelta(0),
    now: datetime,
) -> None:
    """Put a locked objective, which a worker had, back into the queue; the fifth time it has failed.

    It waits 1 s, 2 s, 4 s … and `at_least` what a provider asked for, never more than 2 minutes.
    """
    objective.failures += 1
    if objective.failures >= MOST_FAILURES:
        fail_objective(objective, head, error, message, now=now)
        return
    objective.save(update_fields=["failures"])
    delay: timedelta = FIRST_BACKOFF * 2 ** (objective.failures - 1)
    requeue(head, min(max(delay, at_least), BACKOFF_LIMIT))
