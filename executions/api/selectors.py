"""Reading one execution with all that its object shows, by one indexed statement."""

import json
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from executions.models import SkillExecution
from spaces.prepared_sql import fetch_row


class ExecutionRow(NamedTuple):
    """What the execution object is made of, in the order that the statements below select.

    `artifacts` are dictionaries of `artifact_id`, `relpath_in_workspace`, `document_type` and
    `size_bytes`, oldest first, None for none.
    """

    id: uuid.UUID
    tenant_id: uuid.UUID
    space_id: uuid.UUID
    principal_id: uuid.UUID
    skill_slug: str
    version: str
    source: str
    state: str
    parent_id: uuid.UUID | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failure_reason: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    wallclock_ms: int | None
    iteration_count: int
    chat_thread_id: str | None
    chat_message_id: str | None
    chat_tool_call_id: str | None
    workspace_archive_id: uuid.UUID | None
    trace_id: str
    idempotency_key: str | None
    has_sub_executions: bool
    inputs: Any
    outputs: Any
    error: Any
    artifacts: list[dict[str, Any]] | None


_FIRST_JSON = ExecutionRow._fields.index("inputs")
_OWN_FIELDS = ExecutionRow._fields[: ExecutionRow._fields.index("has_sub_executions")]
SUMMARY_FIELDS = ExecutionRow._fields[: ExecutionRow._fields.index("chat_thread_id")]
LISTED_FIELDS = (*SUMMARY_FIELDS, "chat_tool_call_id")

_SELECT = """
SELECT id, tenant_id, space_id, principal_id, skill_slug, version, source, state, parent_id, created_at,
    started_at, finished_at, failure_reason, input_tokens, output_tokens, cost_usd, wallclock_ms,
    iteration_count, chat_thread_id, chat_message_id, chat_tool_call_id, workspace_archive_id, trace_id,
    idempotency_key,
    EXISTS (SELECT FROM executions_skillexecution AS child WHERE child.parent_id = execution.id),
    inputs, outputs, error,
    (SELECT jsonb_agg(jsonb_build_object('artifact_id', artifact.id, 'relpath_in_workspace', relpath,
                                         'document_type', document_type, 'size_bytes', size_bytes)
                      ORDER BY artifact.created_at, artifact.id)
       FROM executions_artifact AS artifact WHERE artifact.execution_id = execution.id)
  FROM executions_skillexecution AS execution
"""
BY_ID = _SELECT + " WHERE id = %s"
# Served by the index execution_by_call_digest, which already is in this order.
_OF_TOOL_CALL = """
 WHERE space_id = %(space_id)s AND superseded_at IS NULL
   AND md5(chat_tool_call_id)::uuid = md5(%(tool_call_id)s::text)::uuid
   AND chat_tool_call_id = %(tool_call_id)s"""
_NEWEST = " ORDER BY created_at DESC, id DESC LIMIT 1"
BY_TOOL_CALL = _SELECT + _OF_TOOL_CALL + _NEWEST
BY_TOOL_CALL_IN_THREAD = _SELECT + _OF_TOOL_CALL + " AND chat_thread_id = %(thread_id)s" + _NEWEST


def row_of_new(execution: SkillExecution) -> ExecutionRow:
    """The same of an execution that this transaction has just made: nothing has come of it yet."""
    columns = (getattr(execution, name) for name in _OWN_FIELDS)
    return ExecutionRow._make((*columns, False, execution.inputs, None, None, None))


def read_execution(execution_id: uuid.UUID, *, space_id: uuid.UUID | None = None) -> ExecutionRow | None:
    """One execution; `space_id` None is for whoever has already shown that it may be seen."""
    row = _row(fetch_row(BY_ID, [execution_id]))
    return row if row is None or space_id in {None, row.space_id} else None


def find_by_tool_call(
    space_id: uuid.UUID, tool_call_id: str, thread_id: str | None = None
) -> ExecutionRow | None:
    """The newest execution of a tool call in a space that is not superseded, of any thread or of one."""
    if thread_id is None:
        return _row(fetch_row(BY_TOOL_CALL, {"space_id": space_id, "tool_call_id": tool_call_id}))
    ids = {"space_id": space_id, "tool_call_id": tool_call_id, "thread_id": thread_id}
    return _row(fetch_row(BY_TOOL_CALL_IN_THREAD, ids))


def sub_executions(execution_id: uuid.UUID) -> list[SkillExecution]:
    """The executions that this one called itself, oldest first."""
    children = SkillExecution.objects.filter(parent_id=execution_id)
    return list(children.only(*SUMMARY_FIELDS).order_by("created_at", "id"))


def _row(columns: tuple[Any, ...] | None) -> ExecutionRow | None:
    if columns is None:
        return None
    documents = (None if text is None else json.loads(text) for text in columns[_FIRST_JSON:])
    return ExecutionRow(*columns[:_FIRST_JSON], *documents)
