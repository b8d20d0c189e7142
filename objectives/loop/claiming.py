"""Leasing an objective that waits for a worker."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from executions.models import RunHead, RunKind
from executions.runlog.lease import Lease, lease_of
from executions.runlog.taking import take, take_first
from objectives.lifecycles.objectives import move
from objectives.models import Objective, ObjectiveState


def begin_attempt(
    *, run_id: uuid.UUID, owner: uuid.UUID, now: datetime, avoid: Collection[uuid.UUID] = ()
) -> Lease | None:
    """Lease an objective that waits in the queue; a new one is running from now on.

    None where it does not wait (any more), or belongs to one of the spaces to avoid.
    """
    with transaction.atomic():
        head = take(run_id, owner, kind=RunKind.OBJECTIVE, avoid=avoid)
        return None if head is None else _begun(head, now)


def begin_first_attempt(*, run_ids: Sequence[uuid.UUID], owner: uuid.UUID, now: datetime) -> Lease | None:
    """The same for the one of these that has waited longest and that nobody else is at."""
    with transaction.atomic():
        head = take_first(run_ids, owner, kind=RunKind.OBJECTIVE)
        return None if head is None else _begun(head, now)


def _begun(head: RunHead, now: datetime) -> Lease:
    lease = lease_of(head)
    objective = Objective.objects.select_for_update(no_key=True).get(pk=head.run_id)
    objective.attempt += 1
    if objective.state == ObjectiveState.PENDING:
        move(objective, head, ObjectiveState.RUNNING, now=now, also=["attempt"])
    else:
        objective.save(update_fields=["attempt"])
    return lease
