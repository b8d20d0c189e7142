"""Objectives in the admin: the list, and the page of one of them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from executions.admin.shown import below, clipped, dollars, duration, place
from executions.templatetags.humane import as_text, to_the_second
from objectives.admin.outages import ProviderFilter
from objectives.admin.page import read_page
from objectives.admin.shown import badge, failure, objective_badge, row_id
from objectives.admin.steering import ask_cancel, ask_continue, ask_interrupt, may_decide, may_steer
from objectives.models import Agent, Objective, ObjectiveState
from objectives.spelling import Prefix
from spaces.admin.lists import NewestFirst, ReadOnly
from spaces.admin.naming import Named

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


@admin.register(Objective)
class ObjectiveAdmin(ReadOnly, NewestFirst):
    """What agents work on; written by machines, steered by the verbs on its page."""

    time_field = "created_at"
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
    list_filter_submit = True
    list_fullwidth = True
    actions = None
    search_help_text = "Id, state, name of the agent"
    fields = ()

    @display(description="State")
    def shown_state(self, objective: Objective) -> SafeString:
        shown = objective_badge(objective.state)
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

    @display(description="Space")
    def shown_space(self, objective: Objective) -> SafeString:
        return place(objective.space.name, objective.space.tenant.name)

    @display(description="Created")
    def shown_time(self, objective: Objective) -> str:
        return to_the_second(objective.created_at)

    @display(description="Duration")
    def shown_duration(self, objective: Objective) -> str:
        return duration(objective.started_at, objective.finished_at, timezone.now())

    @display(description="Cost")
    def shown_cost(self, objective: Objective) -> str:
        return dollars(objective.cost_usd)

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

    def get_urls(self) -> list[URLPattern]:
        """The verbs before Django's own routes, whose ids would swallow them."""
        verbs = [
            path(
                f"<uuid:objective_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"objectives_objective_{name}",
            )
            for name, view in (
                ("cancel", ask_cancel),
                ("interrupt", ask_interrupt),
                ("continue", ask_continue),
            )
        ]
        return [*verbs, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one objective, by id in either spelling: no form, since nothing on it is edited."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        objective_id = row_id(Prefix.OBJECTIVE, object_id)
        page = read_page(objective_id) if objective_id else None
        if page is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": f"{page.objective.agent}: objective",
            "opts": self.opts,
            "original": Named(page.objective, f"{page.objective.agent}, {page.public_id}"),
            "page": page,
            "live": page.live(),
            "may_steer": may_steer(request),
            "may_decide": may_decide(request),
            "shows_calls": request.user.has_perm("objectives.view_toolcall"),
        }
        return TemplateResponse(request, "admin/objectives/objective/page.html", context)
