"""The admin's first page: what runs, what waits, what failed, who works."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from executions.admin.workers import SEEN_WITHIN
from executions.models import HeadState, RunHead, SkillExecution, State, WorkerNode

MOST_COUNTED = 1000
MOST_LISTED = 8
MOST_WORKERS = 50
LATELY = timedelta(hours=1)
COLUMNS = (
    "id",
    "skill_slug",
    "version",
    "state",
    "source",
    "failure_reason",
    "chat_tool_call_id",
    "created_at",
    "started_at",
    "finished_at",
    "space__name",
)


def fill_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what this person may see; every query reads at most a thousand entries of an index."""
    if request.user.has_perm("executions.view_skillexecution"):
        context |= {"figures": _figures(), "running": _newest(State.RUNNING), "failed": _newest(State.FAILED)}
    if request.user.has_perm("executions.view_workernode"):
        context["workers"] = _workers()
    return context


def _figures() -> list[dict[str, Any]]:
    """The numbers on top, each with the list it leads to."""
    # Each has an index of its own that holds these heads and nothing else.
    running = _bounded(RunHead.objects.filter(state=HeadState.RUNNING).values_list("run_id", flat=True))
    waiting = RunHead.objects.filter(state=HeadState.QUEUED, available_at__isnull=False)
    since = timezone.now() - LATELY
    return [
        {"title": "Executions running", "count": running, "state": "running"},
        {
            "title": "Executions queued",
            "count": _bounded(waiting.values_list("run_id", flat=True)),
            "state": "queued",
        },
        {
            "title": "Executions failed in the last hour",
            "count": _created(State.FAILED, since),
            "state": "failed",
        },
        {
            "title": "Executions succeeded in the last hour",
            "count": _created(State.SUCCEEDED, since),
            "state": "succeeded",
        },
    ]


def _created(state: State, since: datetime) -> str:
    """How many in this state were created since then."""
    found = SkillExecution.objects.filter(state=state, created_at__gte=since).order_by("-created_at", "-id")
    return _bounded(found.values_list("id", flat=True))


def _newest(state: State) -> list[SkillExecution]:
    found = SkillExecution.objects.filter(state=state).select_related("space").only(*COLUMNS)
    return list(found.order_by("-created_at", "-id")[:MOST_LISTED])


def _workers() -> list[dict[str, Any]]:
    now = timezone.now()
    seen = WorkerNode.objects.order_by("-seen_at")[:MOST_WORKERS]
    return [{"node": worker, "is_alive": worker.seen_at > now - SEEN_WITHIN} for worker in seen]


def _bounded(ids: "QuerySet[Any, uuid.UUID]") -> str:
    """How many there are, up to a thousand."""
    count = len(ids[: MOST_COUNTED + 1])
    return f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"
