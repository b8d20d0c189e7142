"""Admin lists that cost the same at any depth and never count.

Decision: pages are keyset pages. Django's own paging counts the whole table for each page and
skips rows to reach a later one, which takes seconds at a million rows; here a page reads its
own rows and one more, and says whether there are older and newer ones.
"""

from typing import Any, ClassVar

from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from spaces.admin.kit.keyset import Place, beyond, read_place
from spaces.ids import parse_uuid


class UncountedPaginator(InfinitePaginator):
    """Tells the templates to draw newer and older links."""

    template_name = "admin/kit/newer_and_older.html"


class NewestFirstList(ChangeList):
    """A change list that holds one keyset page; `p` in its address says past which row it begins."""

    older_url: str | None
    newer_url: str | None
    page_number: int

    def get_ordering(self, request: HttpRequest, queryset: "QuerySet[Any]") -> list[str]:
        """One order only, whatever the address asks for: the one that an index serves."""
        return [f"-{field}" for field in _fields(self.model_admin.time_field)]

    def get_results(self, request: HttpRequest) -> None:
        """Read the page and one row more; nothing is counted."""
        place = read_place(request.GET.get(PAGE_VAR, ""))
        rows = self._rows(place)
        has_more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        is_older = place is None or place.is_older
        if not is_older:
            rows.reverse()
        number = place.number if place else 1
        if not is_older and not has_more:
            number = 1  # the newest page was reached, whatever number it was expected to have
        self._show(rows, number)
        has_older = has_more if is_older else bool(rows)
        has_newer = place is not None and bool(rows) and (is_older or has_more)
        self.older_url = self._url(rows[-1], number + 1, is_older=True) if rows and has_older else None
        self.newer_url = self._url(rows[0], max(number - 1, 1), is_older=False) if has_newer else None

    def _rows(self, place: Place | None) -> list[Any]:
        queryset = self.queryset
        if place is not None:
            queryset = queryset.filter(beyond(place, self.model_admin.time_field))
            if not place.is_older:
                queryset = queryset.reverse()
        return list(queryset[: self.list_per_page + 1])

    def _show(self, rows: list[Any], number: int) -> None:
        """Set what Django's and unfold's templates read of a change list."""
        self.result_list = rows
        self.result_count = len(rows)
        self.full_result_count = len(rows)  # equal: the page's title then claims no total
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = False
        self.page_number = number
        self.paginator = self.model_admin.get_paginator(self.queryset, self.queryset, self.list_per_page)

    def _url(self, row: Any, number: int, *, is_older: bool) -> str:
        time_field = self.model_admin.time_field
        at = getattr(row, time_field) if time_field else None
        place = Place(is_older=is_older, number=number, at=at, id=row.pk)
        return str(self.get_query_string({PAGE_VAR: str(place)}))


class NewestFirstChangeList(ModelAdmin):
    """Base of the admin classes: newest first, never counted, found by indexed columns.

    `time_field` names the column that an index sorts by together with the id; None sorts by the id alone,
    which ascends with time. `search_exact` and `search_prefix` name columns that have an index.
    """

    time_field: ClassVar[str | None] = None
    search_exact: ClassVar[tuple[str, ...]] = ()
    search_prefix: ClassVar[tuple[str, ...]] = ()

    paginator = UncountedPaginator
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each facet is a count
    sortable_by: ClassVar[tuple[str, ...]] = ()
    list_disable_select_all = True
    search_fields: ClassVar[tuple[str, ...]] = ("pk",)  # makes the box appear; `get_search_results` decides

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NewestFirstList

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return [f"-{field}" for field in _fields(self.time_field)]

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Rows whose id is the term, or whose columns equal or begin with it; never a scan."""
        term = search_term.strip()
        return (queryset.filter(self.search_condition(term)) if term else queryset), False

    def search_condition(self, term: str) -> Q:
        """What a term means in this list."""
        row_id = parse_uuid(term.lower())
        if row_id is not None:
            return Q(pk=row_id)
        found = Q(pk__in=[])
        for field in self.search_exact:
            found |= Q((field, term))
        for field in self.search_prefix:
            found |= Q((f"{field}__startswith", term))
        return found


class ReadOnly:
    """For rows that machines write: they are looked at, never made, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _fields(time_field: str | None) -> list[str]:
    return [time_field, "pk"] if time_field else ["pk"]
