"""The operator's retry: a new execution that takes an ended one's place."""

import uuid
from datetime import datetime

from django.db import transaction

from executions.actions.creation import Order, check_order, create_execution, find_version
from executions.actions.pinned_files import pinned_files
from executions.models import SkillExecution, Source
from executions.runs.locks import locked
from spaces.access import SpaceAccess
from spaces.errors import Conflict, IllegalMove


def retry_execution(
    *, access: SpaceAccess, execution_id: uuid.UUID, now: datetime
) -> tuple[SkillExecution, bool]:
    """A new execution of the same inputs, files, thread, message and tool call, and whether it is new.

    It supersedes the ended one in the lookup; both stay, linked. It runs the skill's newest version on behalf
    of the same principal, with the very files that the ended one got, whatever was uploaded since. Retrying a
    superseded execution again returns its retry. Raises NotFound, NotPermitted, IllegalMove while it is not
    over, Conflict for a sub-execution (retry its parent).
    """
    access.require("executions:manage")
    with transaction.atomic():
        _, old = locked(SkillExecution, execution_id, access.space_id)
        known = SkillExecution.objects.filter(retry_of=old).first() if old.superseded_at else None
        if known is not None:
            return known, False
        if not old.is_over:
            raise IllegalMove("execution", old.state, "retried")
        if old.parent_id is not None:
            raise Conflict("A sub-execution is retried with its parent.")
        order = _order(old)
        version, manifest = find_version(old.tenant_id, old.skill_slug)
        check_order(order, manifest, inputs_name="inputs")
        old.superseded_at = now
        old.save(update_fields=["superseded_at"])
        return create_execution(order, version, now=now), True


def _order(old: SkillExecution) -> Order:
    return Order(
        space_id=old.space_id,
        tenant_id=old.tenant_id,
        principal_id=old.principal_id,
        source=Source(old.source),
        inputs=old.inputs,
        file_source_ids=old.file_source_ids,
        model=old.model,
        chat_thread_id=old.chat_thread_id,
        chat_message_id=old.chat_message_id,
        chat_tool_call_id=old.chat_tool_call_id,
        request_digest=bytes(old.request_digest),
        retry_of=old,
        files=pinned_files(old),
    )
