"""Pages of the workspace API: `items` and `pagination.nextCursor`."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from objectives.schemas.shape import Shape
from spaces.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, KeysetPagination
from spaces.errors import Invalid
from spaces.keyset import ID, TIME, Column, Keyset

_PLACE: dict[str, dict[str, Any]] = {
    "limit": {
        "description": "Most items of a page; more than the most is taken for the most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    "cursor": {
        "description": "`pagination.nextCursor` of the page before, with the same filters.",
        "schema": {"type": "string"},
    },
}


def _ordered(default: str) -> dict[str, dict[str, Any]]:
    schema = {"type": "string", "enum": ["asc", "desc"], "default": default}
    return {**_PLACE, "sortOrder": {"description": "By creation, in any case of letters.", "schema": schema}}


class NewestFirst(KeysetPagination):
    """`limit`, `cursor` and `sortOrder`; clients loop until a cursor is empty, and may send that."""

    columns: ClassVar[tuple[Column, ...]] = (TIME, ID)
    parameters = _ordered("desc")

    def keyset_of(self, request: Request) -> Keyset:
        default = self.parameters["sortOrder"]["schema"]["default"]
        text = request.query_params.get("sortOrder", "").lower() or default
        if text not in {"asc", "desc"}:
            raise Invalid.field("query", "sortOrder", msg="Must be asc or desc.", value=text[:200])
        return Keyset(self.columns, is_descending=text == "desc")

    def cursor_of(self, request: Request) -> str | None:
        return request.query_params.get("cursor") or None

    def limit_of(self, request: Request) -> int:
        """50 unless told, 100 at most; raises Invalid for what is no number."""
        text = request.query_params.get("limit", "") or str(DEFAULT_LIMIT)
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise Invalid.field("query", "limit", msg="Must be a whole number.", value=text[:200])
        return min(int(text) or DEFAULT_LIMIT, MAX_LIMIT)

    def get_paginated_response(self, data: Sequence[Shape]) -> Response:
        """A page of these; no cursor on the last one."""
        items = [shape.wire() for shape in data]
        return Response({"items": items, "pagination": {"nextCursor": self.next_cursor or ""}})


class OldestFirst(NewestFirst):
    parameters = _ordered("asc")


class EventPages(OldestFirst):
    """Events, by their numbers."""

    columns = (Column("seq", int, int),)


class PlanPages(NewestFirst):
    """A list in a fixed order that never changes; the cursor is a place in it."""

    parameters = _PLACE

    def paginate_queryset(  # type: ignore[override]
        self, queryset: Sequence[Any], request: Request, view: Any = None, *, of_list: str = ""
    ) -> list[Any]:
        cursor = self.cursor_of(request) or "0"
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 7):
            raise Invalid.field("query", "cursor", msg="Invalid cursor.", value=cursor[:200])
        end = int(cursor) + self.limit_of(request)
        self.next_cursor = str(end) if end < len(queryset) else None
        return list(queryset[int(cursor) : end])
