"""Reading a run for a change: head first, then row."""

import uuid

from django.db import connection

from executions.runs.lease import Lease, LeaseLost
from executions.runs.log import locked_head, require_transaction
from executions.runs.models import RunHead
from executions.runs.run import Run
from executions.runs.sql import LEASED
from spaces.errors import NotFound

PATIENCE_SECONDS = 2
_HEAD = [field.attname for field in RunHead._meta.concrete_fields]


def locked[R: Run](model: type[R], run_id: uuid.UUID, space_id: uuid.UUID | None = None) -> tuple[RunHead, R]:
    """Head and row, locked in that order until the caller's transaction ends.

    `space_id` None is for workers and the sweeper, which stand outside all spaces. Raises NotFound.
    """
    try:
        head = locked_head(run_id, space_id)
        return head, model._default_manager.select_for_update(no_key=True).get(pk=run_id)
    except (RunHead.DoesNotExist, model.DoesNotExist) as missing:
        raise NotFound from missing


def leased[R: Run](model: type[R], lease: Lease) -> tuple[RunHead, R]:
    """The same for the worker that has leased the run: every write of its begins here. Raises LeaseLost."""
    require_transaction("leased needs its caller's transaction")
    statement = LEASED.replace("{run}", model._meta.db_table)
    for run in model._default_manager.raw(statement, [lease.run_id, lease.fence]):
        values = [run.__dict__.pop(f"head_{name}") for name in _HEAD]
        return RunHead.from_db(connection.alias, _HEAD, values), run
    raise LeaseLost


def wait_shortly_for_locks() -> None:
    """Let the rest of the caller's transaction fail with OperationalError where a lock takes more than 2 s.

    For whoever looks after many runs: one that is stuck in a transaction must not hold up the others.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
