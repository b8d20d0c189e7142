"""What the list of executions can be narrowed by."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, TextChoices
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from executions.actions.creation import MAX_QUERY
from executions.models import SkillExecution, Source, State
from executions.models.digest import same_text
from spaces.chat_ids import MAX_CHAT_ID


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


def _one_of(choices: type[TextChoices], meaning: str) -> filters.MultipleChoiceFilter:
    schema = {"type": "string", "enum": choices.values, "description": meaning}
    described: Any = extend_schema_field(schema)
    found: filters.MultipleChoiceFilter = described(
        filters.MultipleChoiceFilter(choices=choices.choices, distinct=False)
    )
    return found


class ExecutionFilter(filters.FilterSet):
    """Every filter is an index condition or a full-text search; several together must all hold."""

    state = _one_of(State, "In this state; repeat it for one of several.")
    source = _one_of(Source, "Started by this; repeat it for one of several.")
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
