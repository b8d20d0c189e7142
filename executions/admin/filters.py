"""Filters of the execution list that read no more than they must."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter

from executions.models import OVER, Skill, SkillExecution

MOST_SKILLS = 500
LATELY = {
    "hour": ("In the last hour", timedelta(hours=1)),
    "day": ("In the last 24 hours", timedelta(days=1)),
    "week": ("In the last 7 days", timedelta(days=7)),
}


class TimeFilter(RangeDateTimeFilter):
    """Between two times, which are read in the server's time zone."""

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[SkillExecution]"
    ) -> "QuerySet[SkillExecution]":
        bounds = {"gte": self._time("from"), "lte": self._time("to")}
        given = {f"{self.field_path}__{name}": at for name, at in bounds.items() if at is not None}
        return queryset.filter(**given)

    def _time(self, bound: str) -> datetime | None:
        """A date alone begins at midnight; None for what is no time."""
        day, time = (self.used_parameters.get(f"{self.field_path}_{bound}_{part}") for part in (0, 1))
        try:
            return timezone.make_aware(datetime.fromisoformat(f"{day}T{time or '00:00'}"))
        except ValueError:
            return None


class SkillFilter(DropdownFilter):
    """By slug; the choices come from the skills, which are few, never from the executions."""

    title = "skill"
    parameter_name = "skill"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> Sequence[tuple[str, str]]:
        slugs = Skill.objects.order_by("slug").values_list("slug", flat=True).distinct()
        return [(slug, slug) for slug in slugs[:MOST_SKILLS]]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[SkillExecution]"
    ) -> "QuerySet[SkillExecution]":
        slug = self.value()
        return queryset.filter(skill_slug=slug) if slug else queryset


class FinishedFilter(DropdownFilter):
    """By how long ago it ended, from now backwards."""

    title = "finished"
    parameter_name = "finished"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> Sequence[tuple[str, str]]:
        return [(value, words) for value, (words, _) in LATELY.items()]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[SkillExecution]"
    ) -> "QuerySet[SkillExecution]":
        chosen = LATELY.get(self.value() or "")
        return finished_since(queryset, timezone.now() - chosen[1]) if chosen else queryset


def finished_since(executions: "QuerySet[SkillExecution]", since: datetime) -> "QuerySet[SkillExecution]":
    """Those that ended since then; the states are what the index `execution_by_end` begins with."""
    return executions.filter(state__in=sorted(OVER), finished_at__gte=since)
