"""Language models and provider keys in the admin; never a credential."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from objectives.admin.read_only import Browsed
from objectives.ids import Prefix
from objectives.models import LanguageModel, ModelState, ProviderKey
from spaces.admin.kit.formatting import badge, json_block, link_to


@admin.register(ProviderKey)
class ProviderKeyAdmin(Browsed):
    """Through whom models are reached; of the credential only what kind it is of."""

    prefix = Prefix.PROVIDER_KEY
    list_display = ("name", "provider", "shown_credential", "tenant", "space", "created_at")
    list_filter = (("space", AutocompleteSelectFilter), ("provider", ChoicesDropdownFilter))
    columns = ("provider", "shown_credential", "sealed_with", "shown_config")

    @display(description="Credential")
    def shown_credential(self, key: ProviderKey) -> str:
        names = ", ".join(key.credential_fields)
        return f"{key.credential_kind} ({names})" if names else key.credential_kind or "None"

    @display(description="Configuration")
    def shown_config(self, key: ProviderKey) -> str:
        return json_block(key.config)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).defer("sealed")


@admin.register(LanguageModel)
class LanguageModelAdmin(Browsed):
    """What variations choose from; prices are US cents for a million tokens."""

    prefix = Prefix.MODEL
    list_display = (
        "name",
        "shown_state",
        "provider_key",
        "provider_model_id",
        "tenant",
        "space",
        "last_used_at",
    )
    list_filter = (("space", AutocompleteSelectFilter), ("state", ChoicesDropdownFilter))
    columns = (
        "shown_state",
        "shown_key",
        "provider_model_id",
        "family",
        "max_input_tokens",
        "max_output_tokens",
        "input_price",
        "output_price",
        "cached_input_price",
        "last_used_at",
    )

    @display(description="State")
    def shown_state(self, model: LanguageModel) -> SafeString:
        return badge(model.state, "succeeded" if model.state == ModelState.ENABLED else "cancelled")

    @display(description="Provider key")
    def shown_key(self, model: LanguageModel) -> SafeString | str:
        return link_to(model.provider_key)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).select_related("provider_key").defer("provider_key__sealed")
