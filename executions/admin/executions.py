"""Executions in the admin: the list, and the page of one of them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
)
from unfold.decorators import display

from executions.admin import shown
from executions.admin.filters import FinishedFilter, SkillFilter, TimeFilter
from executions.admin.finding import condition
from executions.admin.page import read_page
from executions.admin.steering import ask_cancel, ask_retry, may_steer
from executions.models import SkillExecution
from executions.templatetags.humane import to_the_second
from spaces.admin.lists import NewestFirst, ReadOnly
from spaces.ids import parse_uuid

# Large or never shown in a list.
UNLISTED = (
    "inputs",
    "outputs",
    "error",
    "search",
    "search_text",
    "request_digest",
    "dispatch_key",
    "file_source_ids",
)


@admin.register(SkillExecution)
class SkillExecutionAdmin(ReadOnly, NewestFirst):
    """What became of each run; written by machines, steered by two buttons."""

    time_field = "created_at"
    list_display = (
        "shown_state",
        "shown_skill",
        "shown_space",
        "shown_source",
        "shown_time",
        "shown_duration",
        "shown_cost",
    )
    list_display_links = ("shown_state", "shown_skill")
    list_select_related = ("space", "tenant")
    list_filter: ClassVar[Any] = (
        ("state", ChoicesDropdownFilter),
        ("source", ChoicesDropdownFilter),
        SkillFilter,
        ("space", AutocompleteSelectFilter),
        FinishedFilter,
        ("created_at", TimeFilter),
    )
    list_filter_submit = True
    list_fullwidth = True
    actions = None
    search_help_text = "Id, tool call, thread, skill, state"
    fields = ()

    @display(description="State")
    def shown_state(self, execution: SkillExecution) -> SafeString:
        return shown.badge(execution.state)

    @display(description="Skill")
    def shown_skill(self, execution: SkillExecution) -> SafeString:
        return format_html(
            '<span class="cb-clip is-text" title="{0} {1}">{0} <span class="cb-dim">{1}</span></span>{2}',
            execution.skill_slug,
            execution.version,
            shown.below(shown.failure(execution), "is-why"),
        )

    @display(description="Space")
    def shown_space(self, execution: SkillExecution) -> SafeString:
        return shown.place(execution.space.name, execution.tenant.name)

    @display(description="Source")
    def shown_source(self, execution: SkillExecution) -> SafeString:
        """Where it comes from, and for a tool call its id."""
        call_id = shown.below(execution.chat_tool_call_id or "", "is-id cb-dim")
        return format_html("{}{}", execution.get_source_display(), call_id)

    @display(description="Created")
    def shown_time(self, execution: SkillExecution) -> str:
        return to_the_second(execution.created_at)

    @display(description="Duration")
    def shown_duration(self, execution: SkillExecution) -> str:
        return shown.duration(execution.started_at, execution.finished_at, timezone.now())

    @display(description="Cost")
    def shown_cost(self, execution: SkillExecution) -> str:
        return shown.dollars(execution.cost_usd)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SkillExecution]":
        rows = super().get_queryset(request).defer(*UNLISTED)
        return rows.annotate(error_message=shown.ERROR_MESSAGE)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[SkillExecution]", search_term: str
    ) -> tuple["QuerySet[SkillExecution]", bool]:
        """With the blanks around the term: a chat's id may have some."""
        return (queryset.filter(condition(search_term)) if search_term.strip() else queryset), False

    def get_urls(self) -> list[URLPattern]:
        """The two verbs before Django's own routes, whose ids would swallow them."""
        verbs = [
            path("<uuid:execution_id>/cancel/", self.cancel_view, name="executions_skillexecution_cancel"),
            path("<uuid:execution_id>/retry/", self.retry_view, name="executions_skillexecution_retry"),
        ]
        for verb in verbs:
            verb.callback = self.admin_site.admin_view(verb.callback)
        return [*verbs, *super().get_urls()]

    def cancel_view(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return ask_cancel(request, **kwargs)

    def retry_view(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return ask_retry(request, **kwargs)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one execution: no form, since nothing on it is edited."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        execution_id = parse_uuid(object_id)
        page = read_page(execution_id) if execution_id else None
        if page is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": f"{page.execution.skill_slug} {page.execution.version}",
            "opts": self.opts,
            "original": page.execution,
            "page": page,
            "live": page.live(),
            "may_steer": may_steer(request),
        }
        return TemplateResponse(request, "admin/executions/skillexecution/page.html", context)
