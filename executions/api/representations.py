"""The execution object of the space API, as plain JSON values.

Decision: built by hand, not by a serializer: the lookup is called for every tool call of every
chat, and a dictionary costs a tenth. The dictionaries in `executions.api.schemas` are these, with what the
API says of each key. Times are written as the run log writes them, to the millisecond, so
that a snapshot and the events that follow it agree as text.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from executions.api.schemas import (
    Execution,
    ExecutionArtifact,
    ExecutionSummary,
    ListedExecution,
    ResourceUsage,
)
from executions.api.selectors import ExecutionRow, read_execution, row_of_new, sub_executions
from executions.api.usage import total_usage
from executions.lifecycle import resource_usage
from executions.links import artifact_link
from executions.models import FailureReason, SkillExecution, Source, State
from spaces.api.times import wire_time
from spaces.api.viewsets import base_url
from spaces.errors import Invalid, NotFound


def represent_summary(execution: SkillExecution | ExecutionRow) -> ExecutionSummary:
    """The 14 keys of an execution in `sub_executions`."""
    return {
        "id": str(execution.id),
        "tenant_id": str(execution.tenant_id),
        "space_id": str(execution.space_id),
        "principal_id": str(execution.principal_id),
        "skill_slug": execution.skill_slug,
        "skill_version": execution.version,
        "source": cast("Source", execution.source),
        "state": cast("State", execution.state),
        "parent_execution_id": str(execution.parent_id) if execution.parent_id else None,
        "created_at": wire_time(execution.created_at),
        "started_at": wire_time(execution.started_at),
        "finished_at": wire_time(execution.finished_at),
        "failure_reason": cast("FailureReason", execution.failure_reason) or None,
        "resource_usage": cast("ResourceUsage", resource_usage(execution)),
    }


def represent_listed(execution: SkillExecution | ExecutionRow) -> ListedExecution:
    """The 15 keys of an execution in a list: a board finds its cards by the tool call."""
    return {**represent_summary(execution), "chat_tool_call_id": execution.chat_tool_call_id}


def represent_detail(
    execution: ExecutionRow, *, base_url: str, usage: ResourceUsage | None = None
) -> Execution:
    """The 25 keys of one execution, as `executions.api.selectors` reads it.

    `base_url` is scheme and host, without a slash at the end, for the download links, which live for
    15 minutes; `usage` replaces the row's own resource usage.
    """
    summary = represent_summary(execution)
    if usage is not None:
        summary["resource_usage"] = usage
    artifacts, archive_id = execution.artifacts, execution.workspace_archive_id
    children = sub_executions(execution.id) if execution.has_sub_executions else ()
    return {
        **summary,
        "inputs": execution.inputs,
        "outputs": execution.outputs,
        "error": execution.error,
        "artifacts": represent_artifacts(artifacts, space_id=execution.space_id, base_url=base_url)
        if artifacts
        else [],
        "sub_executions": [represent_summary(child) for child in children],
        "chat_thread_id": execution.chat_thread_id,
        "chat_message_id": execution.chat_message_id,
        "chat_tool_call_id": execution.chat_tool_call_id,
        "workspace_archive_id": str(archive_id) if archive_id else None,
        "langfuse_trace_id": execution.trace_id,
        "idempotency_key": execution.idempotency_key,
    }


def answer_detail(row: ExecutionRow, request: Request) -> Response:
    """One execution in full, with the usage that `?usage=` asks for; raises Invalid."""
    wanted = request.query_params.get("usage", "own")
    if wanted not in {"own", "total"}:
        raise Invalid.field("query", "usage", msg="Must be `own` or `total`.", kind="enum", value=wanted)
    usage = total_usage(row) if wanted == "total" else None
    address = base_url(request) if row.artifacts else ""
    return Response({"data": represent_detail(row, base_url=address, usage=usage)})


def answer_started(execution: SkillExecution, request: Request, *, is_new: bool = False) -> Response:
    """An execution that an action has just returned: 201 and as it was made, or 200 and as it is now."""
    row = row_of_new(execution) if is_new else read_execution(execution.pk)
    if row is None:
        raise NotFound
    address = base_url(request) if row.artifacts else ""
    return Response({"data": represent_detail(row, base_url=address)}, status=201 if is_new else 200)


def represent_artifacts(
    rows: Iterable[Mapping[str, Any]], *, space_id: uuid.UUID, base_url: str
) -> list[ExecutionArtifact]:
    """The items of `artifacts`, each with a link of its own."""
    return [
        {
            "artifact_id": row["artifact_id"],
            "relpath_in_workspace": row["relpath_in_workspace"],
            "document_type": row["document_type"],
            "download_url": artifact_link(space_id, uuid.UUID(row["artifact_id"]), base_url=base_url),
            "size_bytes": row["size_bytes"],
        }
        for row in rows
    ]
