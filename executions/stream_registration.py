"""How skill executions are streamed: what `executions.runs` asks about them."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from executions.api.representations import represent_detail, represent_listed
from executions.api.selectors import read_execution
from executions.lineage import lineage_of_call, lineage_of_execution
from executions.models import OPEN, RunKind, SkillExecution
from executions.models.digest import same_text
from executions.runs.live.registry import CallStream, FoundRun, RunStream, register_calls, register_run
from spaces.ids import parse_uuid
from spaces.ticket_scopes import TicketKind
from spaces.ticket_targets import Target, register_target

_COUNTS = """
SELECT execution.space_id, execution.chat_tool_call_id, count(*)
  FROM unnest(%s::uuid[], %s::text[]) AS wanted (space_id, call_id)
  JOIN executions_skillexecution AS execution
    ON execution.space_id = wanted.space_id AND execution.chat_tool_call_id = wanted.call_id
   AND md5(execution.chat_tool_call_id)::uuid = md5(wanted.call_id)::uuid
 WHERE execution.superseded_at IS NULL
 GROUP BY 1, 2
"""


def register() -> None:
    """Called once, when the app is ready."""
    register_run(
        RunStream(
            kind=RunKind.EXECUTION,
            id_name="execution_id",
            parse_id=parse_uuid,
            permission="executions:read",
            snapshot=snapshot,
            active_name="executions",
            active=active,
            lineage=lineage_of_execution,
        )
    )
    register_calls(CallStream(kind=RunKind.EXECUTION, find=find, counts=counts, lineage=lineage_of_call))
    register_target(Target(TicketKind.TOOL_CALL, str))
    register_target(Target(TicketKind.EXECUTION, _read_id, space_of, "Write a UUID in lower case."))


def _read_id(text: str) -> str | None:
    known = parse_uuid(text)
    return None if known is None else str(known)


def space_of(execution_id: str) -> uuid.UUID | None:
    """Where an execution runs, None where there is no such one."""
    return SkillExecution.objects.filter(pk=execution_id).values_list("space_id", flat=True).first()


def snapshot(execution_id: uuid.UUID, base_url: str) -> Mapping[str, Any] | None:
    """The 25 keys of an execution, None where it is gone."""
    execution = read_execution(execution_id)
    return None if execution is None else represent_detail(execution, base_url=base_url)


def active(space_id: uuid.UUID, limit: int) -> Sequence[Mapping[str, Any]]:
    """The 15 keys of each of the newest executions of a space that are not over."""
    # One state at a time, so that each is a walk along `execution_by_state`.
    newest = [
        execution
        for state in sorted(OPEN)
        for execution in SkillExecution.objects.filter(space_id=space_id, state=state)
        .defer("inputs", "outputs", "error", "search", "search_text")
        .order_by("-created_at", "-id")[:limit]
    ]
    newest.sort(key=lambda execution: (execution.created_at, execution.id), reverse=True)
    return [represent_listed(execution) for execution in newest[:limit]]


def find(space_ids: Sequence[uuid.UUID], tool_call_id: str, thread_id: str | None) -> FoundRun | None:
    """What the lookup would return, over several spaces."""
    found = SkillExecution.objects.filter(
        same_text("chat_tool_call_id", tool_call_id), space_id__in=space_ids, superseded_at__isnull=True
    )
    if thread_id is not None:
        found = found.filter(chat_thread_id=thread_id)
    row = found.order_by("-created_at", "-id").values_list("id", "space_id", "retry_of").first()
    return None if row is None else FoundRun(row[0], row[1], row[2] is not None)


def counts(calls: Sequence[tuple[uuid.UUID, str]]) -> Counter[tuple[uuid.UUID, str]]:
    """How many executions, superseded ones left out, each (space, tool call id) has."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [[space_id for space_id, _ in calls], [call_id for _, call_id in calls]])
        return Counter({(space_id, call_id): count for space_id, call_id, count in cursor.fetchall()})
