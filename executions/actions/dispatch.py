"""Starting an execution: by a caller, or by a chat's tool call."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from executions.actions.creation import (
    AlreadyMade,
    Order,
    check_order,
    check_texts,
    create_execution,
    find_version,
)
from executions.models import SkillExecution, Source
from spaces.access import SpaceAccess
from spaces.idempotency import ANOTHER_BODY, check_repeated, digest_request
from spaces.prepared_sql import fetch_row

ANOTHER_CALL = "This tool call was already dispatched with another tool or other arguments."


def start_execution(
    *,
    access: SpaceAccess,
    slug: str,
    inputs: dict[str, Any],
    file_source_ids: Sequence[str] = (),
    model: str | None = None,
    idempotency_key: str | None = None,
    now: datetime,
) -> tuple[SkillExecution, bool]:
    """A standalone execution and whether it is new.

    The same idempotency key with the same body returns the first execution, with another body it raises
    Conflict. Raises NotFound for an unknown skill, Invalid for bad fields, NotPermitted.
    """
    access.require("executions:manage")
    order = Order(
        space_id=access.space_id,
        tenant_id=access.tenant_id,
        principal_id=access.principal_id,
        source=Source.STANDALONE,
        inputs=inputs,
        file_source_ids=file_source_ids,
        model=model,
        idempotency_key=idempotency_key,
        request_digest=digest_request(slug, inputs, list(file_source_ids), model),
    )
    return place_order(order, slug, inputs_name="inputs", now=now)


def dispatch_tool_call(  # noqa: PLR0913 - the fields of the contract's body
    *,
    access: SpaceAccess,
    tool_name: str,
    arguments: dict[str, Any],
    tool_call_id: str | None = None,
    thread_id: str | None = None,
    message_id: str | None = None,
    uploaded_files: Sequence[str] = (),
    model: str | None = None,
    idempotency_key: str | None = None,
    now: datetime,
) -> tuple[SkillExecution, bool]:
    """The execution of a chat's tool call and whether it is new.

    The same call again (thread, message and id) with the same tool and arguments returns the execution that
    is there; with others it raises Conflict. An idempotency key counts before that, and for the whole body,
    as for a start. Raises NotFound, Invalid and NotPermitted as a start does.
    """
    access.require("executions:manage")
    order = Order(
        space_id=access.space_id,
        tenant_id=access.tenant_id,
        principal_id=access.principal_id,
        source=Source.CHAT,
        inputs=arguments,
        file_source_ids=uploaded_files,
        model=model,
        chat_thread_id=thread_id,
        chat_message_id=message_id,
        chat_tool_call_id=tool_call_id,
        idempotency_key=idempotency_key,
        request_digest=digest_request(tool_name, arguments),
        idempotency_digest=None
        if idempotency_key is None
        else digest_request(
            tool_name, arguments, thread_id, message_id, tool_call_id, list(uploaded_files), model
        ),
    )
    return place_order(order, tool_name, inputs_name="arguments", now=now)


def place_order(order: Order, slug: str, *, inputs_name: str, now: datetime) -> tuple[SkillExecution, bool]:
    """The execution of an order and whether it is new; whoever calls has seen to it that it is permitted.

    `inputs_name` is the field that errors name. Raises NotFound, Invalid and Conflict.
    """
    check_texts(order)
    known = _find(order)
    if known is not None:
        return known, False
    version, manifest = find_version(order.tenant_id, slug)
    check_order(order, manifest, inputs_name=inputs_name)
    try:
        return create_execution(order, version, now=now), True
    except AlreadyMade:
        # Somebody asked for the same at the same moment and was first: theirs is the execution.
        known = _find(order)
        if known is None:
            raise
        return known, False


def _find(order: Order) -> SkillExecution | None:
    """The execution that this order asks for again; raises Conflict where that one was another request."""
    key, call, whose = order.idempotency_key, order.dispatch_key, [order.space_id, order.principal_id]
    known = None
    if key is not None and (row := fetch_row(_BY_IDEMPOTENCY, [*whose, key])):
        known = _same(row, order.idempotency_digest or order.request_digest, ANOTHER_BODY)
    elif call is not None and (row := fetch_row(_BY_DISPATCH, [*whose, call])):
        known = _same(row, order.request_digest, ANOTHER_CALL)
    return SkillExecution.objects.get(pk=known) if known else None


def _same(row: tuple[Any, ...], digest: bytes, otherwise: str) -> uuid.UUID:
    """The id of a row with this digest; raises Conflict where it was another request."""
    execution_id: uuid.UUID = row[0]
    check_repeated(bytes(row[1]), digest, otherwise)
    return execution_id


# By the indexes `a_tool_call_is_dispatched_once` and `an_idempotency_key_starts_once`.
_BY_DISPATCH: LiteralString = """
SELECT id, request_digest FROM executions_skillexecution
 WHERE space_id = %s AND principal_id = %s AND dispatch_key = %s AND superseded_at IS NULL
"""
_BY_IDEMPOTENCY: LiteralString = """
SELECT id, coalesce(idempotency_digest, request_digest) FROM executions_skillexecution
 WHERE space_id = %s AND principal_id = %s AND idempotency_key = %s
"""
