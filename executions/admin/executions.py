"""Executions in the admin: the list, and the page of one of them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
)
from unfold.decorators import display

from executions.admin.actions import VERBS
from executions.admin.filters import FinishedFilter, SkillFilter, TimeFilter
from executions.admin.kit.runs import RunAdmin
from executions.admin.page import ExecutionAdminPage, read_page
from executions.admin.search import condition
from executions.models import SkillExecution
from spaces.admin.kit.formatting import MOST_REASON, badge, below
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
# The message alone, cut by the database: the whole error may be long. For `annotate`.
ERROR_MESSAGE = Left(KT("error__message"), MOST_REASON)


def failure(execution: Any) -> str:
    """Why it failed in a line, of a row with ERROR_MESSAGE as `error_message`; "" where it has not."""
    if not execution.failure_reason:
        return ""
    return execution.error_message or execution.get_failure_reason_display()


@admin.register(SkillExecution)
class SkillExecutionAdmin(RunAdmin):
    """What became of each run; written by machines, steered by two buttons."""

    page_template = "admin/executions/skillexecution/page.html"
    verbs = VERBS
    steered_by = "executions.change_skillexecution"
    scopes = frozenset({"executions:manage"})
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
    list_filter: ClassVar[Any] = (
        ("state", ChoicesDropdownFilter),
        ("source", ChoicesDropdownFilter),
        SkillFilter,
        ("space", AutocompleteSelectFilter),
        FinishedFilter,
        ("created_at", TimeFilter),
    )
    search_help_text = "Id, tool call, thread, skill, state"

    @display(description="State")
    def shown_state(self, execution: SkillExecution) -> SafeString:
        return badge(execution.state)

    @display(description="Skill")
    def shown_skill(self, execution: SkillExecution) -> SafeString:
        return format_html(
            '<span class="cb-clip is-text" title="{0} {1}">{0} <span class="cb-dim">{1}</span></span>{2}',
            execution.skill_slug,
            execution.version,
            below(failure(execution), "is-why"),
        )

    @display(description="Source")
    def shown_source(self, execution: SkillExecution) -> SafeString:
        """Where it comes from, and for a tool call its id."""
        call_id = below(execution.chat_tool_call_id or "", "is-id cb-dim")
        return format_html("{}{}", execution.get_source_display(), call_id)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SkillExecution]":
        rows = super().get_queryset(request).defer(*UNLISTED)
        return rows.annotate(error_message=ERROR_MESSAGE)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[SkillExecution]", search_term: str
    ) -> tuple["QuerySet[SkillExecution]", bool]:
        """With the blanks around the term: a chat's id may have some."""
        return (queryset.filter(condition(search_term)) if search_term.strip() else queryset), False

    def read_run(self, address: str) -> ExecutionAdminPage | None:
        execution_id = parse_uuid(address)
        return read_page(execution_id) if execution_id else None
