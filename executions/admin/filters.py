"""Filters of the execution list that read no more than they must."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from executions.models import Skill, SkillExecution

MOST_SKILLS = 500


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
