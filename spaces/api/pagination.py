"""Keyset pages: as quick at the end of a million rows as at their beginning, and never counted."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from pydantic import BaseModel, Field
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from spaces.errors import Invalid
from spaces.keyset import MARK_BYTES, NEWEST_FIRST, Keyset
from spaces.tickets import PARAMETER

DEFAULT_LIMIT = 50
MAX_LIMIT = 100


class PageMeta(BaseModel):
    """How to go on in a list."""

    next_cursor: str | None = Field(
        description="Send it back as `cursor` with the same filters; null on the last page."
    )
    has_more: bool = Field(description="Whether there is a next page.")


class KeysetPagination(BasePagination):
    """`limit` and `cursor`, answered by `data` and `meta`: the space API's pages.

    A paginator serves one request. The subclass of the workspace API has its own envelope.
    """

    keyset: ClassVar[Keyset] = NEWEST_FIRST
    parameters: ClassVar[dict[str, dict[str, Any]]] = {
        "limit": {
            "description": "Most items of a page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        },
        "cursor": {
            "description": "`meta.next_cursor` of the page before. It is good for the same list with the "
            "same filters only.",
            "schema": {"type": "string"},
        },
    }

    def paginate_queryset[M: Model](  # type: ignore[override]
        self, queryset: QuerySet[M], request: Request, view: Any = None, *, of_list: str = ""
    ) -> list[M]:
        """The rows that `limit` and `cursor` ask for; raises Invalid.

        `of_list` names the list, its space included: a cursor is good for one list and one set of filters.
        """
        limit, cursor, keyset = self.limit_of(request), self.cursor_of(request), self.keyset_of(request)
        mark = _mark_of(request, of_list)
        if cursor is not None:
            queryset = queryset.filter(keyset.after(cursor, mark))
        rows = list(queryset.order_by(*keyset.order())[: limit + 1])
        has_more = len(rows) > limit
        self.next_cursor = keyset.cursor(rows[limit - 1], mark) if has_more else None
        return rows[:limit]

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        meta = {"next_cursor": self.next_cursor, "has_more": self.next_cursor is not None}
        return Response({"data": data, "meta": meta})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [{"name": name, "in": "query", **said} for name, said in self.parameters.items()]

    def keyset_of(self, request: Request) -> Keyset:
        return self.keyset

    def cursor_of(self, request: Request) -> str | None:
        return request.query_params.get("cursor")

    def limit_of(self, request: Request) -> int:
        """Raises Invalid for what is no number from 1 to the most."""
        text = request.query_params.get("limit", str(DEFAULT_LIMIT))
        if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MAX_LIMIT):
            message = f"Must be a whole number from 1 to {MAX_LIMIT}."
            raise Invalid.field("query", "limit", msg=message, kind="out_of_range", value=text[:200])
        return int(text)


def _mark_of(request: Request, of_list: str) -> bytes:
    """A digest of the list and its filters, in whatever order they were written."""
    filters = sorted(
        (name, value)
        for name, values in request.query_params.lists()
        if name not in {"cursor", "limit", PARAMETER}  # the page after may be asked for by a newer ticket
        for value in values
    )
    return hashlib.blake2b(json.dumps([of_list, filters]).encode(), digest_size=MARK_BYTES).digest()
