"""Starting an execution: by a caller, or by a chat's tool call."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from executions.actions.creating import (
    Order,
    check_order,
    check_texts,
    create_execution,
    digest_request,
    dispatch_key,
    find_version,
)
from executions.models import SkillExecution, Source
from spaces.access import SpaceAccess
from spaces.errors import Conflict


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
    return _find_or_create(order, slug, inputs_name="inputs", now=now)


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
    now: datetime,
) -> tuple[SkillExecution, bool]:
    """The execution of a chat's tool call and whether it is new.

    The same call again (thread, message and id) with the same tool and arguments returns the execution that
    is there; with others it raises Conflict. Raises NotFound, Invalid and NotPermitted as a start does.
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
        request_digest=digest_request(tool_name, arguments),
    )
    return _find_or_create(order, tool_name, inputs_name="arguments", now=now)


def _find_or_create(
    order: Order, slug: str, *, inputs_name: str, now: datetime
) -> tuple[SkillExecution, bool]:
    check_texts(order)
    known = _find(order)
    if known is not None:
        return known, False
    version, manifest = find_version(order.tenant_id, slug)
    check_order(order, manifest, inputs_name=inputs_name)
    try:
        with transaction.atomic():
            return create_execution(order, version, now=now), True
    except IntegrityError:
        # Somebody asked for the same at the same moment and was first: theirs is the execution.
        known = _find(order)
        if known is None:
            raise
        return known, False


def _find(order: Order) -> SkillExecution | None:
    """The execution that this order asks for again; raises Conflict where that one was another request."""
    mine = SkillExecution.objects.filter(space_id=order.space_id, principal_id=order.principal_id)
    if order.chat_tool_call_id is not None:
        key = dispatch_key(order.chat_thread_id, order.chat_message_id, order.chat_tool_call_id)
        known = mine.filter(dispatch_key=key, superseded_at__isnull=True).first()
        what = "This tool call was already dispatched with another tool or other arguments."
    elif order.idempotency_key is not None:
        known = mine.filter(idempotency_key=order.idempotency_key).first()
        what = "This Idempotency-Key was already used with another body."
    else:
        return None
    if known is not None and bytes(known.request_digest) != order.request_digest:
        raise Conflict(what)
    return known
