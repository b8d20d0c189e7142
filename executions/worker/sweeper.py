"""Finds runs that nobody looks after any more and decides what becomes of them.

Run by workers and web processes alike, so that a deployment with a single worker heals too. What
decides is the head alone, under its lock; the advisory lock only keeps many sweepers from looking
at the same time. Imports nothing heavy: web processes import it.
"""

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import Error as DatabaseError, connection, transaction
from django.utils import timezone

from executions.actions.healing import force_cancel, heal_run, settle_sub_executions
from executions.runlog.lease import SWEEP_SECONDS
from executions.runlog.neglected import (
    callers_that_ended,
    overdue_runs,
    runs_without_ticket,
    unconfirmed_cancels,
)
from executions.runlog.queue import ADVANCE, enqueue_missing_ticket, remove_dead_jobs
from executions.worker.node import forget_vanished_nodes

logger = logging.getLogger(__name__)

ADVISORY_LOCK = 0x63616C6C626F6172  # "callboar"
_NOTHING: "dict[str, list[uuid.UUID]]" = {}


def sweep_once(clock: Callable[[], datetime] = timezone.now) -> int:
    """Heal, cancel, settle and requeue what needs it; how many runs were touched.

    Does nothing while another process sweeps. A run that cannot be dealt with now does not keep the others
    from it. Raises django.db.Error where the database does not answer at all.
    """
    found = _find()
    actions: list[tuple[str, Callable[[uuid.UUID], object]]] = [
        ("cancel", lambda run_id: force_cancel(run_id=run_id, now=clock())),
        ("heal", lambda run_id: heal_run(run_id=run_id, now=clock())),
        ("settle", lambda run_id: settle_sub_executions(parent_id=run_id, now=clock())),
    ]
    for name, act in actions:
        for run_id in found.get(name, []):
            _try(name, act, run_id)
    return sum(map(len, found.values()))


def sweep_forever(stop: threading.Event) -> None:
    """The loop of one process, in a thread of its own; ends within 2 s of `stop`."""
    while not stop.wait(SWEEP_SECONDS):
        try:
            sweep_once()
        except Exception:
            # Whatever it was, the next sweep must come: nobody else would restart this thread.
            logger.exception("A sweep failed")
            connection.close()
        connection.close_if_unusable_or_obsolete()
    connection.close()


def _find() -> dict[str, list[uuid.UUID]]:
    with transaction.atomic():
        if not _locked():
            return _NOTHING
        remove_dead_jobs()
        forget_vanished_nodes()
        for run_id in runs_without_ticket(ADVANCE):
            logger.warning("No job was left for %s; it gets another", run_id)
            enqueue_missing_ticket(run_id)
        return {"cancel": unconfirmed_cancels(), "heal": overdue_runs(), "settle": callers_that_ended()}


def _locked() -> bool:
    """At the level of the transaction, which also holds behind a connection pooler."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


def _try(name: str, act: Callable[[uuid.UUID], object], run_id: uuid.UUID) -> None:
    try:
        act(run_id)
    except DatabaseError as error:
        logger.warning("Could not %s %s: %s", name, run_id, error)
    except Exception:
        # One run that cannot be dealt with must not keep the others from it.
        logger.exception("Could not %s %s", name, run_id)
    else:
        logger.info("Sweeper: %s %s", name, run_id)
