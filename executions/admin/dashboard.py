"""The admin's first page: what runs, what waits, what failed, who works."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from executions.admin.filters import LATELY, finished_since
from executions.admin.shown import ERROR_MESSAGE
from executions.admin.workers import SEEN_WITHIN
from executions.models import SkillExecution, State, WorkerNode

MOST_COUNTED = 1000
MOST_LISTED = 8
MOST_WORKERS = 50
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
    """The numbers on top, each with the list that holds exactly what it counts."""
    every = SkillExecution.objects.all()
    lately = finished_since(every, timezone.now() - LATELY["hour"][1])
    hour = {"finished": "hour"}
    return [
        _figure("Executions running", State.RUNNING, every, {}),
        _figure("Executions queued", State.QUEUED, every, {}),
        _figure("Executions failed in the last hour", State.FAILED, lately, hour),
        _figure("Executions succeeded in the last hour", State.SUCCEEDED, lately, hour),
    ]


def _figure(
    title: str, state: State, executions: "QuerySet[SkillExecution]", narrowed: dict[str, str]
) -> dict[str, Any]:
    """One number, and the address of its list."""
    query = urlencode({"state__exact": str(state), **narrowed})
    return {
        "title": title,
        "state": state,
        "count": _bounded(executions.filter(state=state)),
        "url": f"{reverse('admin:executions_skillexecution_changelist')}?{query}",
    }


def _newest(state: State) -> list[SkillExecution]:
    found = SkillExecution.objects.filter(state=state).select_related("space").only(*COLUMNS)
    return list(found.annotate(error_message=ERROR_MESSAGE).order_by("-created_at", "-id")[:MOST_LISTED])


def _workers() -> list[dict[str, Any]]:
    now = timezone.now()
    seen = WorkerNode.objects.order_by("-seen_at")[:MOST_WORKERS]
    return [{"node": worker, "is_alive": worker.seen_at > now - SEEN_WITHIN} for worker in seen]


def _bounded(executions: "QuerySet[SkillExecution]") -> str:
    """How many there are, up to a thousand; counted inside the database, off an index."""
    count = executions.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"
