"""Threads, messages and tool calls as the chat API writes them."""

import uuid
from collections.abc import Iterable, Mapping

from django.db.models import Count, Q, QuerySet

from executions.models import RunHead
from objectives.chat.transcript import Message
from objectives.ids import Json, Prefix, spell
from objectives.models import (
    ActionKind,
    ActionState,
    Objective,
    ObjectiveState,
    QueuedAction,
    Thread,
    ToolCall,
)
from spaces.api.times import wire_time
from spaces.models import Principal

_STATES = {
    ObjectiveState.PENDING: "running",
    ObjectiveState.RUNNING: "running",
    ObjectiveState.INTERRUPTING: "running",
    ObjectiveState.FAILED: "failed",
    ObjectiveState.FINALIZED: "over",
    ObjectiveState.CANCELLED: "over",
    ObjectiveState.TIMED_OUT: "over",
}


def threads_with_state(space_id: uuid.UUID) -> QuerySet[Objective]:
    """The objectives of a space's threads, with what `show_threads` needs."""
    return (
        Objective.objects.filter(space_id=space_id, thread__isnull=False)
        .select_related("thread")
        .defer("plan", "agent_snapshot", "variation_snapshot", "system_prompt")
    )


def show_threads(objectives: Iterable[Objective]) -> list[Json]:
    """The threads of these objectives, in two queries for all."""
    rows = list(objectives)
    ids = [row.pk for row in rows]
    seqs = dict(RunHead.objects.filter(pk__in=ids).values_list("run_id", "seq"))
    waiting = {row.pk for row in rows if row.state == ObjectiveState.WAITING}
    unsettled = _awaited(waiting) if waiting else frozenset()
    queued = dict(queued_messages(ids).order_by().values_list("objective_id").annotate(count=Count("id")))
    return [
        _thread(row, seqs.get(row.pk, 0), queued.get(row.pk, 0), is_awaited=row.pk in unsettled)
        for row in rows
    ]


def show_thread(objective: Objective) -> Json:
    """One thread."""
    return show_threads([objective])[0]


def queued_messages(objective_ids: Iterable[uuid.UUID]) -> QuerySet[QueuedAction]:
    """What people have said that nobody has heard yet, in order."""
    waiting = QueuedAction.objects.filter(
        objective_id__in=list(objective_ids), kind=ActionKind.USER_MESSAGE, state=ActionState.QUEUED
    )
    return waiting.order_by("created_at", "id")


def _awaited(objective_ids: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    waits = Q(approval="waiting_for_approval", execution="pending") | Q(execution="waiting_for_content")
    calls = ToolCall.objects.filter(waits, objective_id__in=list(objective_ids))
    return frozenset(calls.values_list("objective_id", flat=True))


def _thread(row: Objective, seq: int, queued: int, *, is_awaited: bool) -> Json:
    thread: Thread = row.thread
    resting = "awaiting" if is_awaited else "idle"
    return {
        "id": str(row.pk),
        "title": thread.title,
        "state": _STATES.get(ObjectiveState(row.state), resting),
        "project_id": thread.project_id or None,
        "metadata": thread.metadata,
        "agent_id": spell(Prefix.AGENT, row.agent_id),
        "created_at": wire_time(row.created_at),
        "archived_at": thread.archived_at and wire_time(thread.archived_at),
        "created_by": str(row.created_by_id),
        "cost_usd": str(row.cost_usd),
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "seq": seq,
        "queued": queued,
    }


def show_queued(action: QueuedAction) -> Json:
    """A message that waits for the end of a turn."""
    return {
        "id": str(action.id),
        "thread_id": str(action.objective_id),
        "content": action.content,
        "files": [file["name"] for file in action.files],
        "author_principal_id": str(action.created_by_id),
        "created_at": wire_time(action.created_at),
        "state": action.state,
    }


def show_ui_messages(messages: Iterable[Message]) -> list[Json]:
    """Messages as the AI SDK has them, with who said them and when."""
    shown = list(messages)
    names = _names({message.author_id for message in shown if message.author_id})
    return [_ui_message(message, names) for message in shown]


def _ui_message(message: Message, names: Mapping[str, str]) -> Json:
    about: Json = {
        "created_at": wire_time(message.at),
        "seq": message.number,
    }
    if message.author_id:
        about["author"] = {"id": message.author_id, "name": names.get(message.author_id, "")}
    if message.is_partial:
        about["is_partial"] = True
    return {"id": message.id, "role": message.role, "metadata": about, "parts": message.parts}


def _names(ids: Iterable[str]) -> dict[str, str]:
    rows = Principal.objects.filter(pk__in=list(ids)).values_list("pk", "display_name")
    return {str(pk): name for pk, name in rows}


def show_messages(messages: Iterable[Message], *, thread: Thread, tenant_id: uuid.UUID) -> list[Json]:
    """Messages as the API documents them."""
    return [
        {
            "id": message.id,
            "tenant_id": str(tenant_id),
            "thread_id": str(thread.pk),
            "root_message_id": None,
            "parent_message_id": message.parent_id,
            "branch_id": None,
            "author_principal_id": message.author_id,
            "role": message.role,
            "content": message.text,
            "metadata_json": None,
            "created_at": wire_time(message.at),
        }
        for message in messages
    ]


def show_call(call: ToolCall) -> Json:
    """A tool call as decisions answer with it."""
    return {
        "id": spell(Prefix.TOOL_CALL, call.id),
        "thread_id": str(call.objective_id),
        "tool_name": call.called_as,
        "approval": call.approval,
        "execution": call.execution,
        "memo": call.memo,
        "decided_by": call.decided_by_id and str(call.decided_by_id),
        "decided_at": call.decided_at and wire_time(call.decided_at),
    }
