"""The admin's first page: executions, and what agents work on and wait for."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator

from executions.admin.dashboard import fill_dashboard as fill_executions
from objectives.admin.objectives import failure
from objectives.admin.outages import WITHOUT_PROVIDER
from objectives.admin.queue import read_queue
from objectives.models import Objective, ObjectiveState
from objectives.representations.waiting import waiting_calls
from spaces.admin.kit.dashboard import MOST_LISTED, Card, Figure, bounded, list_url, newest
from spaces.admin.kit.formatting import badge, clipped, link_to, to_the_second

READ = (
    "state",
    "error_type",
    "state_message",
    "first_user_message",
    "agent__name",
    "space__name",
    "created_at",
)
COLUMNS = {
    "State": lambda run: badge(run.get_state_display(), run.state),
    "Asked": lambda run: link_to(run, Truncator(run.first_user_message).chars(60) or "–"),
    "Agent": lambda run: format_html("<bdi>{}</bdi>", run.agent),
    "Why": lambda run: clipped(failure(run), "is-why"),
    "Space": lambda run: format_html("<bdi>{}</bdi>", run.space),
    "Created": lambda run: to_the_second(run.created_at),
}


def fill_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what this person may see."""
    sees_objectives = request.user.has_perm("objectives.view_objective")
    context |= {"figures": [], "cards": []}
    if request.user.has_perm("objectives.view_toolcall"):
        url = reverse("admin:objectives_toolcall_waiting")
        context["figures"].append(Figure("Waits for people", "waiting", bounded(waiting_calls()), url))
        context["waiting"] = read_queue(limit=MOST_LISTED, now=timezone.now())
        context["may_decide"] = request.user.has_perm("objectives.change_toolcall")
    if sees_objectives:
        away = Objective.objects.filter(WITHOUT_PROVIDER)
        if (count := bounded(away)) != "0":
            url = list_url(Objective, provider="unavailable")
            context["figures"].append(Figure("Provider unavailable", "waiting", count, url))
    context = fill_executions(request, context)
    if sees_objectives:
        failed = Objective.objects.filter(state=ObjectiveState.FAILED).select_related("agent", "space")
        if rows := newest(failed.only(*READ)):
            context["cards"].append(Card("Objectives that failed lately", COLUMNS, rows))
    return context
