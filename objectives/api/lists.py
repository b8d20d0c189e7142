"""Pages of the workspace API: `items` and `pagination.nextCursor`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.addressing import find
from objectives.shapes.shape import Shape
from objectives.spelling import Prefix, without_nul
from objectives.validation.labels import read_filter
from spaces.api.pages import ID, MAX_LIMIT, TIME, Keyset, Page, mark_of
from spaces.errors import Invalid, NotFound

DEFAULT_LIMIT = 50
NEWEST_FIRST = Keyset((TIME, ID), is_descending=True)
OLDEST_FIRST = Keyset((TIME, ID))


def answer_page[M: Model](
    rows: QuerySet[M],
    request: Request,
    *,
    of_list: str,
    show: Callable[[Sequence[M]], Sequence[Shape]],
    newest_first: bool = True,
) -> Response:
    """The page that `limit`, `cursor` and `sortOrder` ask for, already filtered by `labels` and `prefix`.

    `of_list` names the list, its workspace included: a cursor is good for that list and its filters. `show`
    turns the page's rows into shapes, so that it may read what belongs to all of them at once.
    """
    is_descending = sort_order(request, default="desc" if newest_first else "asc") == "desc"
    keyset = NEWEST_FIRST if is_descending else OLDEST_FIRST
    page = page_at(with_labels(rows, request), keyset, request, of_list=of_list)
    return answer_items(show(page.rows), page.meta["next_cursor"])


def page_at[M: Model](rows: QuerySet[M], keyset: Keyset, request: Request, *, of_list: str) -> Page[M]:
    """The rows that `limit` and `cursor` ask for; clients loop until it is empty, and may send that."""
    cursor = request.query_params.get("cursor") or None
    return Page.at(rows, keyset, cursor, limit=limit_of(request), mark=mark_of(request, of_list))


def answer_items(shapes: Sequence[Shape], next_cursor: str | None) -> Response:
    """A page of these; no cursor on the last one."""
    items = [shape.wire() for shape in shapes]
    return Response({"items": items, "pagination": {"nextCursor": next_cursor or ""}})


def empty_page(request: Request) -> Response:
    """Of a list whose things are not built yet; raises Invalid as any other list does."""
    limit_of(request)
    sort_order(request, default="desc")
    read_filter(request.query_params.get("labels", ""))
    if cursor := request.query_params.get("cursor"):
        # Such a list never hands one out.
        message = "This cursor belongs to another list."
        raise Invalid.field("query", "cursor", msg=message, kind="cursor_invalid", value=cursor[:200])
    return answer_items([], None)


def limit_of(request: Request) -> int:
    """`limit`: 50 unless told, 100 at most; raises Invalid for what is no positive number."""
    text = request.query_params.get("limit", "") or str(DEFAULT_LIMIT)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Invalid.field("query", "limit", msg="Must be a whole number.", value=text[:200])
    return min(int(text) or DEFAULT_LIMIT, MAX_LIMIT)


def sort_order(request: Request, *, default: str) -> str:
    """`sortOrder`: `asc` or `desc`, in any case; raises Invalid."""
    text = request.query_params.get("sortOrder", "").lower() or default
    if text not in {"asc", "desc"}:
        raise Invalid.field("query", "sortOrder", msg="Must be asc or desc.", value=text[:200])
    return text


def flag(request: Request, name: str) -> bool | None:
    """A query parameter that is `true` or `false`; None where it is absent. Raises Invalid."""
    text = request.query_params.get(name)
    if text is None or text == "":
        return None
    if text.lower() not in {"true", "false"}:
        raise Invalid.field("query", name, msg="Must be true or false.", value=text[:200])
    return text.lower() == "true"


def wants_info(request: Request) -> bool:
    """Whether each item of a list is to come with its `info`; raises Invalid."""
    return bool(flag(request, "includeInfo"))


def words(request: Request, name: str) -> list[str]:
    """An array parameter, repeated (`states=A&states=B`) or joined by commas."""
    return [word for text in request.query_params.getlist(name) for word in text.split(",") if word]


def choices(request: Request, name: str, values: Mapping[str, str]) -> list[str]:
    """Our values of an enum that a query parameter names, one or several; none for `…_UNSPECIFIED`.

    `values` are ours by what the API calls them. Raises Invalid for another word.
    """
    asked = [word for word in words(request, name) if not word.endswith("_UNSPECIFIED")]
    for word in asked:
        if word not in values:
            known = ", ".join(values)
            raise Invalid.field("query", name, msg=f"Must be one of {known}.", value=word[:200])
    return [values[word] for word in asked]


def with_labels[M: Model](rows: QuerySet[M], request: Request) -> QuerySet[M]:
    """Only rows that carry every label of `labels=k=v,k2=v2`."""
    wanted: dict[str, Any] = read_filter(request.query_params.get("labels", ""))
    return rows.filter(labels__contains=wanted) if wanted else rows


def by_name[M: Model](rows: QuerySet[M], request: Request) -> QuerySet[M]:
    """Only rows whose name begins with `prefix` and holds `query`, in any case."""
    prefix, query = (without_nul(request.query_params.get(name, "")) for name in ("prefix", "query"))
    if prefix:
        rows = rows.filter(name__istartswith=prefix)
    return rows.filter(name__icontains=query) if query else rows


def named_by[M: Model](
    rows: QuerySet[M],
    prefix: Prefix,
    request: Request,
    name: str,
    *,
    otherwise: str = "There is no such thing.",
) -> M | None:
    """The one of `rows` that a query parameter refers to by its address; None where it is absent.

    Raises Invalid, with the sentence `otherwise`, where it means none of them.
    """
    address = request.query_params.get(name)
    if not address:
        return None
    try:
        return find(rows, prefix, address)
    except NotFound:
        raise Invalid.field("query", name, msg=otherwise, value=address[:200]) from None
