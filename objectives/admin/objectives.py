"""Objectives in the admin: the list, and the page of one of them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from executions.admin.kit.runs import RunAdmin
from objectives.admin.actions import OBJECTIVE_VERBS, SCOPES
from objectives.admin.outages import ProviderFilter
from objectives.admin.page import ObjectivePage, read_page
from objectives.admin.read_only import row_id
from objectives.ids import Prefix
from objectives.models import Agent, Objective, ObjectiveState
from spaces.admin.kit.formatting import MOST_REASON, as_text, badge, below, clipped

MOST_AGENTS = 50  # of one name, in a search
LISTED = (
    "id",
    "state",
    "error_type",
    "state_message",
    "first_user_message",
    "agent__name",
    "space__name",
    "space__tenant__name",
    "parent_id",
    "tool_call_count",
    "cost_usd",
    "created_at",
    "started_at",
    "finished_at",
    "provider_unavailable_since",
    "next_try_at",
)


def failure(objective: Objective) -> str:
    """Why it failed, in a line; "" where it has not."""
    if not objective.error_type:
        return ""
    return objective.state_message[:MOST_REASON] or objective.get_error_type_display()


@admin.register(Objective)
class ObjectiveAdmin(RunAdmin):
    """What agents work on; written by machines, steered by the verbs on its page."""

    page_template = "admin/objectives/objective/page.html"
    verbs = OBJECTIVE_VERBS
    steered_by = "objectives.change_objective"
    scopes = SCOPES
    list_display = (
        "shown_state",
        "shown_message",
        "shown_agent",
        "shown_space",
        "calls",
        "shown_time",
        "shown_duration",
        "shown_cost",
    )
    list_display_links = ("shown_state", "shown_message")
    list_select_related = ("space__tenant", "agent")
    list_filter: ClassVar[Any] = (
        ("state", ChoicesDropdownFilter),
        ("agent", AutocompleteSelectFilter),
        ("space", AutocompleteSelectFilter),
        ProviderFilter,
    )
    search_help_text = "Id, state, name of the agent"

    @display(description="State")
    def shown_state(self, objective: Objective) -> SafeString:
        shown = badge(objective.state)
        if objective.provider_unavailable_since is None:
            return shown
        since = as_text(objective.provider_unavailable_since)
        title = f"Since {since}, next try at {as_text(objective.next_try_at)}"
        away = badge("provider unavailable", "waiting")
        return format_html('{} <span title="{}">{}</span>', shown, title, away)

    @display(description="Asked")
    def shown_message(self, objective: Objective) -> SafeString:
        text = objective.first_user_message
        mark = "↳ " if objective.parent_id else ""
        return format_html(
            '<span class="cb-clip is-text" title="{}">{}{}</span>{}',
            text[:500],
            mark,
            text[:200],
            below(failure(objective), "is-why"),
        )

    @display(description="Agent")
    def shown_agent(self, objective: Objective) -> SafeString | str:
        return clipped(objective.agent.name, "is-name")

    @display(description="Calls")
    def calls(self, objective: Objective) -> int:
        return objective.tool_call_count

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Objective]":
        return super().get_queryset(request).only(*LISTED)

    def search_condition(self, term: str) -> Q:
        """An id in either spelling, a state, or the objectives of agents whose names begin so."""
        found = row_id(Prefix.OBJECTIVE, term)
        if found is not None:
            return Q(pk=found)
        state = term.lower().replace(" ", "_")
        if state in ObjectiveState.values:
            return Q(state=state)
        agents = Agent.objects.filter(name__istartswith=term).values_list("id", flat=True)[:MOST_AGENTS]
        return Q(agent__in=list(agents))

    def read_run(self, address: str) -> ObjectivePage | None:
        """By id in either spelling."""
        objective_id = row_id(Prefix.OBJECTIVE, address)
        return read_page(objective_id) if objective_id else None

    def read_page(self, request: HttpRequest, address: str) -> dict[str, Any] | None:
        page = super().read_page(request, address)
        if page is None:
            return None
        return {
            **page,
            "may_decide": request.user.has_perm("objectives.change_toolcall"),
            "shows_calls": request.user.has_perm("objectives.view_toolcall"),
        }
