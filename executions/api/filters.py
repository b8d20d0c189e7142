"""What the list of executions can be narrowed by."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from rest_framework.request import Request

from executions.actions.creating import MAX_QUERY
from executions.models import SkillExecution, Source, State
from executions.models.digest import same_text
from spaces.chatids import MAX_CHAT_ID
from spaces.errors import Invalid
from spaces.tickets import PARAMETER

PAGING = frozenset({"limit", "cursor"})
READ_ELSEWHERE = PAGING | {PARAMETER}  # by the pages, and by the authentication


class UtcTimeField(IsoDateTimeField):
    """A time in UTC: PostgreSQL refuses long offsets, and Python what they move out of range."""

    def clean(self, value: str) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            return None if moment is None else moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class UtcTimeFilter(filters.IsoDateTimeFilter):
    """An RFC 3339 time; one without an offset is taken as UTC."""

    field_class = UtcTimeField


def _from(column: str) -> UtcTimeFilter:
    return UtcTimeFilter(field_name=column, lookup_expr="gte", help_text=f"`{column}` at this time or later.")


def _before(column: str) -> UtcTimeFilter:
    return UtcTimeFilter(field_name=column, lookup_expr="lt", help_text=f"`{column}` before this time.")


class ExecutionFilter(filters.FilterSet):
    """Every filter is an index condition or a full-text search; several together must all hold."""

    state = filters.MultipleChoiceFilter(
        choices=State.choices, distinct=False, help_text="In this state; repeat it for one of several."
    )
    source = filters.MultipleChoiceFilter(
        choices=Source.choices, distinct=False, help_text="Started by this; repeat it for one of several."
    )
    skill = filters.CharFilter(field_name="skill_slug", max_length=64, help_text="Of the skill of this slug.")
    principal_id = filters.UUIDFilter(field_name="principal_id", help_text="On behalf of this principal.")
    thread_id = filters.CharFilter(
        method="of_thread", max_length=MAX_CHAT_ID, strip=False, help_text="Of this chat thread."
    )
    created_after, created_before = _from("created_at"), _before("created_at")
    started_after, started_before = _from("started_at"), _before("started_at")
    finished_after, finished_before = _from("finished_at"), _before("finished_at")
    q = filters.CharFilter(
        method="search",
        max_length=MAX_QUERY,
        help_text=f"Words in the skill's slug, the chat's ids of up to {MAX_QUERY} characters, file names "
        "and texts of the inputs. "
        "Quotes hold a phrase together, `or` gives a choice, `-` leaves out.",
    )

    class Meta:
        model = SkillExecution
        fields: ClassVar[list[str]] = []

    def of_thread(self, queryset: QuerySet[SkillExecution], name: str, text: str) -> QuerySet[SkillExecution]:
        return queryset.filter(same_text("chat_thread_id", text))

    def search(self, queryset: QuerySet[SkillExecution], name: str, text: str) -> QuerySet[SkillExecution]:
        return queryset.filter(search=SearchQuery(text, config="simple", search_type="websearch"))


def filtered(queryset: QuerySet[SkillExecution], request: Request) -> QuerySet[SkillExecution]:
    """The executions that the query asks for; raises Invalid naming the parameter.

    A parameter that nobody reads is refused too: with a typing error in it, a filter would show everything.
    """
    if not set(request.query_params) - READ_ELSEWHERE:
        return queryset  # building the filters' form takes longer than the query
    chosen = ExecutionFilter(request.query_params, queryset=queryset, request=request)
    unknown = sorted(set(request.query_params) - set(chosen.filters) - READ_ELSEWHERE)
    if unknown:
        known = ", ".join(sorted(set(chosen.filters) | PAGING))
        raise Invalid.field(
            "query", unknown[0][:200], msg=f"Unknown; known are {known}.", kind="extra_forbidden"
        )
    if not chosen.is_valid():
        raise Invalid([_problem(name, errors) for name, errors in chosen.form.errors.get_json_data().items()])
    return chosen.qs


def _problem(name: str, errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "loc": ["query", name],
        "msg": errors[0]["message"],
        "type": errors[0]["code"] or "invalid",
        "input": None,
    }
