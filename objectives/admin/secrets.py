"""Secrets in the admin: their names, scopes and last uses. Their values are not even read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from objectives.admin.read_only import Browsed
from objectives.ids import Prefix
from objectives.models import Secret
from spaces.admin.kit.formatting import link_to


@admin.register(Secret)
class SecretAdmin(Browsed):
    """Values that go into requests and never come out."""

    prefix = Prefix.WORKSPACE_SECRET
    list_display = ("name", "shown_scope", "tenant", "space", "last_used_at", "created_at")
    columns = ("shown_scope", "last_used_at", "sealed_with")

    @display(description="Scope")
    def shown_scope(self, secret: Secret) -> SafeString | str:
        if secret.objective_id is not None:
            return link_to(secret.objective)
        return link_to(secret.tool_set) if secret.tool_set_id is not None else "The whole space"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        found = super().get_queryset(request).select_related("tool_set", "objective").defer("sealed")
        return found.only(
            *(column.name for column in Secret._meta.concrete_fields if column.name != "sealed"),
            "tool_set__name",
            "objective__state",
            "space__name",
            "space__tenant__name",
            "created_by__display_name",
            "created_by__email",
        )
