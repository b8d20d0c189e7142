"""Reading an execution for a change: head first, then row."""

import uuid

from django.db import connection

from executions.models import RunHead, SkillExecution
from executions.runlog.events import locked_head
from spaces.errors import NotFound

PATIENCE_SECONDS = 2


def locked_execution(
    execution_id: uuid.UUID, space_id: uuid.UUID | None = None
) -> tuple[RunHead, SkillExecution]:
    """Head and row, locked in that order until the caller's transaction ends.

    `space_id` None is for workers and the sweeper, which stand outside all spaces. Raises NotFound.
    """
    try:
        head = locked_head(execution_id, space_id)
        return head, SkillExecution.objects.select_for_update(no_key=True).get(pk=execution_id)
    except (RunHead.DoesNotExist, SkillExecution.DoesNotExist) as missing:
        raise NotFound from missing


def wait_shortly_for_locks() -> None:
    """Let the rest of the caller's transaction fail with OperationalError where a lock takes more than 2 s.

    For whoever looks after many runs: one that is stuck in a transaction must not hold up the others.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
