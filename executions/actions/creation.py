"""Making an execution: what somebody asks for, whether it can be had, and writing it."""

import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from executions.actions.insertion import insert_execution
from executions.actions.pinned_files import PinnedFile, choose_files, pin_files
from executions.catalog.manifest import Manifest
from executions.catalog.selectors import manifest_of, newest_version
from executions.catalog.validation import check_inputs, check_storable, is_storable_text
from executions.models import SkillExecution, SkillVersion, Source
from executions.runs.wakeups import call_topic, feed_topic, run_topic, wake_all_after_commit
from spaces.chat_ids import MAX_CHAT_ID
from spaces.errors import Conflict, Invalid, NotFound
from spaces.idempotency import digest_request
from spaces.ids import new_id
from spaces.models import Space

MAX_SEARCH_TEXT = 4000
MAX_QUERY = 512  # characters of what is asked for in it
MAX_FILES = 100
DEMO_MODEL = "demo"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks for; `principal_id` is on whose behalf the skill runs.

    `files` None means the newest of that principal's by their names, `file_source_ids`.
    """

    space_id: uuid.UUID
    tenant_id: uuid.UUID
    principal_id: uuid.UUID
    source: Source
    inputs: dict[str, Any]
    file_source_ids: Sequence[str] = ()
    model: str | None = None
    chat_thread_id: str | None = None
    chat_message_id: str | None = None
    chat_tool_call_id: str | None = None
    idempotency_key: str | None = None
    request_digest: bytes = b""
    idempotency_digest: bytes | None = None
    parent: SkillExecution | None = None
    call_key: str | None = None
    retry_of: SkillExecution | None = None
    continuation: tuple[str, uuid.UUID] | None = None
    files: Sequence[PinnedFile] | None = None
    dispatch_key: bytes | None = field(init=False)  # of a tool call, unique in a space and principal

    def __post_init__(self) -> None:
        call = (self.chat_thread_id, self.chat_message_id, self.chat_tool_call_id)
        key = None if self.chat_tool_call_id is None else digest_request(*call)
        object.__setattr__(self, "dispatch_key", key)


class AlreadyMade(Conflict):
    """Somebody else has made this execution at the same moment."""


def create_execution(order: Order, version: SkillVersion, *, now: datetime) -> SkillExecution:
    """Write the row and everything that belongs to it, in the caller's transaction or in one of their own.

    The caller has checked the order. Sub-executions get no job: their parent's worker runs them.
    Raises AlreadyMade where a unique key is taken; then nothing is written.
    """
    execution = SkillExecution(**_columns(order, version, now))
    files = order.files
    if order.parent is not None:
        files = None  # what a sub-execution names lies in its caller's workspace
    elif files is None and order.file_source_ids:
        files = choose_files(order.principal_id, order.file_source_ids)
    with transaction.atomic() if files else nullcontext():
        n = insert_execution(execution, _queued_payload(execution))
        if n is None:
            raise AlreadyMade
        if files:
            pin_files(execution, files)
    reached = {run_topic(execution.id): 1, feed_topic(order.space_id): n}
    if execution.chat_tool_call_id is not None:
        reached[call_topic(order.space_id, execution.chat_tool_call_id)] = 1
    wake_all_after_commit(reached)
    return execution


def find_version(tenant_id: uuid.UUID, slug: str) -> tuple[SkillVersion, Manifest]:
    """The version that a new execution of this skill runs; raises NotFound."""
    version = newest_version(tenant_id, slug) if is_storable_text(slug) else None
    if version is None:
        raise NotFound(f"There is no skill {slug!r}.")
    return version, manifest_of(version)


def check_order(order: Order, manifest: Manifest, *, inputs_name: str) -> None:
    """Raises Invalid naming the field: inputs against the skill's schema, and the model alias."""
    check_storable(order.inputs, loc=["body", inputs_name])
    check_inputs(manifest.inputs_schema, order.inputs, loc=["body", inputs_name])
    if order.model is not None:
        check_model(order.space_id, order.model)


def check_model(space_id: uuid.UUID, alias: str) -> None:
    """Raises Invalid unless the deployment has this model alias and the space allows it."""
    allowed = Space.objects.values_list("allowed_models", flat=True).get(pk=space_id)
    known = alias == DEMO_MODEL or alias in settings.MODELS
    if not known or (allowed and alias not in allowed):
        raise Invalid.field(
            "body",
            "model",
            msg="This model is not allowed in the space.",
            kind="model_not_allowed",
            value=alias,
        )


def _columns(order: Order, version: SkillVersion, now: datetime) -> dict[str, Any]:
    task, continuation_id = order.continuation or (None, None)
    return {
        "id": new_id(),
        "tenant_id": order.tenant_id,
        "space_id": order.space_id,
        "principal_id": order.principal_id,
        "skill_id": version.skill_id,
        "skill_version": version,
        "skill_slug": version.skill.slug,
        "version": version.version,
        "source": order.source,
        "parent": order.parent,
        "call_key": order.call_key,
        "depth": order.parent.depth + 1 if order.parent else 0,
        "retry_of": order.retry_of,
        "inputs": order.inputs,
        "file_source_ids": list(order.file_source_ids),
        "model": order.model,
        "chat_thread_id": order.chat_thread_id,
        "chat_message_id": order.chat_message_id,
        "chat_tool_call_id": order.chat_tool_call_id,
        "dispatch_key": order.dispatch_key,
        "idempotency_key": order.idempotency_key,
        "request_digest": order.request_digest,
        "idempotency_digest": order.idempotency_digest,
        "trace_id": order.parent.trace_id if order.parent else uuid.uuid4().hex,
        "created_at": now,
        "continuation_task": task,
        "continuation_id": continuation_id,
        "search_text": _search_text(order, version.skill.slug),
    }


def _queued_payload(execution: SkillExecution) -> dict[str, Any]:
    return {
        "state": execution.state,
        "skill_slug": execution.skill_slug,
        "skill_version": execution.version,
        "source": execution.source,
        "created_at": execution.created_at,
        "parent_execution_id": execution.parent_id,
        "chat_thread_id": execution.chat_thread_id,
        "chat_message_id": execution.chat_message_id,
        "chat_tool_call_id": execution.chat_tool_call_id,
    }


def _search_text(order: Order, slug: str) -> str:
    """What `q` finds: the slug, the chat's ids, the file names and the texts of the inputs.

    An id that is too long to be asked for is left out: taking it apart costs more than all the rest.
    """
    ids = (order.chat_thread_id, order.chat_message_id, order.chat_tool_call_id, order.idempotency_key)
    words = [slug, *(text for text in ids if text and len(text) <= MAX_QUERY), *order.file_source_ids]
    words += [str(value) for value in order.inputs.values() if isinstance(value, str | int | float)]
    return " ".join(words)[:MAX_SEARCH_TEXT]


def check_texts(order: Order) -> None:
    """Raises Invalid naming the field: chat ids and keys within their lengths, file names, how many."""
    limits = {
        "thread_id": (order.chat_thread_id, MAX_CHAT_ID),
        "message_id": (order.chat_message_id, MAX_CHAT_ID),
        "tool_call_id": (order.chat_tool_call_id, MAX_CHAT_ID),
        "idempotency_key": (order.idempotency_key, 255),
        **{f"file_source_ids.{index}": (name, 255) for index, name in enumerate(order.file_source_ids)},
    }
    if len(order.file_source_ids) > MAX_FILES:
        raise Invalid.field("body", "file_source_ids", msg=f"At most {MAX_FILES} files.", kind="too_long")
    for name, (text, limit) in limits.items():
        if text is not None and (len(text) > limit or not is_storable_text(text) or text == ""):
            raise Invalid.field(
                "body",
                *name.split("."),
                msg=f"Must be 1 to {limit} characters without NUL.",
                kind="string_type",
            )
