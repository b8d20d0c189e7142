"""The admin's first page: executions, and what agents work on and wait for."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from executions.admin.dashboard import fill_dashboard as fill_executions
from objectives.admin.outages import count_outages, list_of_outages
from objectives.admin.queue import count_queue, read_queue
from objectives.admin.steering import may_decide
from objectives.models import Objective, ObjectiveState

MOST_LISTED = 8
FAILED = (
    "id",
    "state",
    "error_type",
    "state_message",
    "first_user_message",
    "agent__name",
    "space__name",
    "created_at",
)


def fill_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what this person may see."""
    context = fill_executions(request, context)
    if request.user.has_perm("objectives.view_objective"):
        context["failed_objectives"] = _failed()
        context["outage_count"], context["outages_url"] = count_outages(), list_of_outages()
    if request.user.has_perm("objectives.view_toolcall"):
        context["waiting_count"] = count_queue()
        context["waiting_url"] = reverse("admin:objectives_toolcall_waiting")
        context["waiting"] = read_queue(limit=MOST_LISTED, now=timezone.now())
        context["may_decide"] = may_decide(request)
    return context


def _failed() -> list[Objective]:
    """The newest that failed, by the index of that state."""
    found = (
        Objective.objects.filter(state=ObjectiveState.FAILED).select_related("agent", "space").only(*FAILED)
    )
    return list(found.order_by("-created_at", "-id")[:MOST_LISTED])
