"""Trying again after a worker vanished or failed: a few times in a row, each later than the one before."""

from datetime import datetime, timedelta

from executions.models import RunHead
from executions.runs.verbs import backoff, requeue
from objectives.agent_loop.endings import fail_objective
from objectives.models import ErrorType, Objective

MOST_LOST = 5  # workers in a row without any outcome, be it that a provider was unavailable
FIRST_BACKOFF = timedelta(seconds=1)


def try_again(objective: Objective, head: RunHead, message: str, *, now: datetime) -> None:
    """Put a locked objective, whose worker is lost to it, back into the queue; the fifth time it has failed.

    It waits 1 s, 2 s, 4 s, 8 s.
    """
    objective.lost_worker_count += 1
    if objective.lost_worker_count >= MOST_LOST:
        fail_objective(objective, head, ErrorType.WORKER_LOST, message, now=now)
        return
    requeue(head, backoff(objective.lost_worker_count, first=FIRST_BACKOFF))
    if objective.provider_unavailable_since is not None:
        objective.next_try_at = head.available_at
    objective.save(update_fields=["lost_worker_count", "next_try_at"])
