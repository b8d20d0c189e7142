"""Objectives whose model's provider is unavailable: how many, and the filter that finds them."""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.contrib.filters.admin import DropdownFilter

from objectives.models import Objective

MOST_COUNTED = 1000
WITHOUT_PROVIDER: Final = Q(provider_unavailable_since__isnull=False)  # as its index has it


class ProviderFilter(DropdownFilter):
    """Those that wait for their provider."""

    title = "provider"
    parameter_name = "provider"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> Sequence[tuple[str, str]]:
        return [("unavailable", "Unavailable")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Objective]") -> "QuerySet[Objective]":
        return queryset.filter(WITHOUT_PROVIDER) if self.value() == "unavailable" else queryset


def count_outages() -> str:
    """How many objectives wait for their provider, up to a thousand; "" for none."""
    rows = Objective.objects.filter(WITHOUT_PROVIDER).order_by().values_list("id", flat=True)
    count = len(rows[: MOST_COUNTED + 1])
    return f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}" if count else ""


def list_of_outages() -> str:
    """The address of the list of them."""
    return f"{reverse('admin:objectives_objective_changelist')}?provider=unavailable"
