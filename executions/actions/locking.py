"""Reading an execution for a change: head first, then row."""

import uuid

from executions.models import RunHead, SkillExecution
from executions.runlog.events import locked_head
from spaces.errors import NotFound


def locked_execution(
    execution_id: uuid.UUID, space_id: uuid.UUID | None = None
) -> tuple[RunHead, SkillExecution]:
    """Head and row, locked in that order until the caller's transaction ends.

    `space_id` None is for workers and the sweeper, which stand outside all spaces. Raises NotFound.
    """
    wanted = SkillExecution.objects.filter(pk=execution_id)
    if space_id is not None:
        wanted = wanted.filter(space_id=space_id)
    if not wanted.exists():
        raise NotFound
    head = locked_head(execution_id)
    return head, SkillExecution.objects.select_for_update(no_key=True).get(pk=execution_id)
