"""Executions on the admin's first page: what runs, what waits, what failed, who works."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from executions.admin.executions import ERROR_MESSAGE, failure
from executions.admin.filters import LATELY, finished_since
from executions.admin.workers import SEEN_WITHIN
from executions.models import SkillExecution, State, WorkerNode
from spaces.admin.kit.dashboard import Card, Figure, bounded, list_url, newest
from spaces.admin.kit.formatting import badge, below, link_to, to_the_second

MOST_WORKERS = 50
READ = ("skill_slug", "state", "failure_reason", "chat_tool_call_id", "created_at", "space__name")
COLUMNS = {
    "State": lambda run: badge(run.state),
    "Skill": lambda run: format_html("{}{}", link_to(run, run.skill_slug), below(failure(run), "is-why")),
    "Space": lambda run: format_html("<bdi>{}</bdi>", run.space.name),
    "Tool call": lambda run: _call(run.chat_tool_call_id),
    "Created": lambda run: to_the_second(run.created_at),
}


def fill_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what this person may see; every query reads at most a thousand entries of an index."""
    if request.user.has_perm("executions.view_skillexecution"):
        context["figures"] += _figures()
        context["cards"] += [
            _card("Executions running now", State.RUNNING, "No execution runs at the moment."),
            _card("Executions that failed lately", State.FAILED, "No execution failed."),
        ]
    if request.user.has_perm("executions.view_workernode"):
        now = timezone.now()
        seen = WorkerNode.objects.order_by("-seen_at")[:MOST_WORKERS]
        context["workers"] = [{"node": each, "is_alive": each.seen_at > now - SEEN_WITHIN} for each in seen]
    return context


def _figures() -> list[Figure]:
    every = SkillExecution.objects.all()
    lately = finished_since(every, timezone.now() - LATELY["hour"][1])
    hour = {"finished": "hour"}
    return [
        Figure(
            title,
            state,
            bounded(rows.filter(state=state)),
            list_url(SkillExecution, state__exact=state, **more),
        )
        for title, state, rows, more in (
            ("Executions running", State.RUNNING, every, {}),
            ("Executions queued", State.QUEUED, every, {}),
            ("Executions failed in the last hour", State.FAILED, lately, hour),
            ("Executions succeeded in the last hour", State.SUCCEEDED, lately, hour),
        )
    ]


def _card(title: str, state: State, nothing: str) -> Card:
    rows = SkillExecution.objects.filter(state=state).select_related("space").only(*READ)
    return Card(title, COLUMNS, newest(rows.annotate(error_message=ERROR_MESSAGE)), nothing)


def _call(call_id: str | None) -> str:
    clip = '<code class="cb-clip" title="{}"><bdi>{}</bdi></code>'
    return format_html(clip, call_id, call_id) if call_id else "–"
