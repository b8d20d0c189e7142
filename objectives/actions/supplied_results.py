"""Supplying the content of a bare tool's call from outside."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from executions.runs.locks import locked
from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.actions.call_results import complete_with, kept_whole
from objectives.actions.locks import locked_call
from objectives.actions.wakeup import wake
from objectives.lifecycles.calls import standing
from objectives.models import ExecutionStatus, Objective, ToolCall
from objectives.tool_results.outcome import Draft
from spaces.access import SpaceAccess
from spaces.errors import IllegalMove


def supply_content(
    *,
    access: SpaceAccess,
    objective_id: uuid.UUID,
    call_id: uuid.UUID,
    drafts: Sequence[Draft],
    now: datetime,
) -> ToolCall:
    """Give a waiting call its content; its objective goes on.

    The bytes of media are in the blob storage already. Content is given once: raises IllegalMove where
    the call does not wait for any (more), NotFound and NotPermitted.
    """
    access.require(MANAGE_OBJECTIVES)
    drafts = kept_whole(drafts, objective_id, now=now)
    with transaction.atomic():
        head, objective = locked(Objective, objective_id, access.space_id)
        call = locked_call(objective, call_id)
        if call.execution != ExecutionStatus.WAITING_FOR_CONTENT:
            raise IllegalMove("tool call", standing(call), "given content")
        done = complete_with(call, drafts, now=now)
        wake(objective, head, [done], now=now)
    return call
