"""The filter that finds objectives whose model's provider is unavailable."""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from objectives.models import Objective

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
