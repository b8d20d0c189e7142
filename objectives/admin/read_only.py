"""Base of the admin pages of what the API configures: looked through here, never changed."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from objectives.ids import Prefix, read, spell
from spaces.admin.kit.changelist import NewestFirstChangeList, ReadOnly
from spaces.admin.kit.formatting import json_block
from spaces.ids import parse_uuid
from spaces.models import Space


def row_id(prefix: Prefix, text: str) -> uuid.UUID | None:
    """The id that an operator pasted, in either spelling; None for any other text."""
    return read(prefix, text.strip()) or parse_uuid(text.strip().lower())


class Browsed(ReadOnly, NewestFirstChangeList):
    """Rows of one kind over all spaces, found by name, external id or id in either spelling.

    `columns` are the fields of the page between the name and the identity.
    """

    prefix: ClassVar[Prefix]
    columns: ClassVar[Sequence[str]] = ()
    list_filter: ClassVar[Any] = (("space", AutocompleteSelectFilter),)
    list_select_related: ClassVar[Any] = ("space__tenant",)
    list_filter_submit = True
    search_exact: ClassVar[tuple[str, ...]] = ("external_id",)
    search_prefix: ClassVar[tuple[str, ...]] = ("name",)
    search_help_text = "Name, external id or id"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return self.get_readonly_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        identity = ("tenant", "space", "shown_id", "external_id", "shown_labels", "created_by", "created_at")
        return ("name", *self.columns, *identity, "updated_at")

    @display(description="Tenant")
    def tenant(self, row: Any) -> str:
        space: Space = row.space
        return space.tenant.name

    @display(description="Id")
    def shown_id(self, row: Model) -> str:
        return spell(self.prefix, row.pk)

    @display(description="Labels")
    def shown_labels(self, row: Any) -> str:
        return json_block(row.labels)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).select_related("space__tenant", "created_by")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """By id in either spelling."""
        found = row_id(self.prefix, object_id)
        return None if found is None else super().get_object(request, str(found), from_field)

    def search_condition(self, term: str) -> Q:
        found: uuid.UUID | None = row_id(self.prefix, term)
        return Q(pk=found) if found else super().search_condition(term)
