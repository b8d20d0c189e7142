"""Narrowing a list by its query: django-filter, but that what nobody reads is refused."""

from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from spaces.errors import Invalid
from spaces.tickets import PARAMETER


class QueryFilter(BaseFilterBackend):
    """The operation's `filterset_class`, by its own `narrowed` where it has one; raises Invalid.

    A parameter that nobody reads is refused too: with a typing error in it, a filter would show everything.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        operation = view.operation
        filterset_class = operation.filterset_class
        if filterset_class is None:
            return queryset
        asked = request.query_params.keys() - operation.pagination_class.parameters.keys() - {PARAMETER}
        if unknown := sorted(asked.difference(operation.query)):
            message = f"Unknown; known are {', '.join(sorted(operation.query))}."
            raise Invalid.field("query", unknown[0][:200], msg=message, kind="extra_forbidden")
        if narrow := getattr(filterset_class, "narrowed", None):
            rows: QuerySet[Any] = narrow(queryset, request)
            return rows
        if not asked:
            return queryset
        narrowing = _with_only(filterset_class, frozenset(asked))
        chosen = narrowing(request.query_params, queryset=queryset, request=request)
        if not chosen.is_valid():
            wrong = chosen.form.errors.get_json_data().items()
            raise Invalid([_problem(name, errors) for name, errors in wrong])
        narrowed: QuerySet[Any] = chosen.qs
        return narrowed

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        filterset_class = view.operation.filterset_class
        extension: Any = DjangoFilterExtension(self)  # type: ignore[no-untyped-call]
        return [
            parameter
            for name, one in filterset_class.base_filters.items()
            for parameter in extension.resolve_filter_field(
                view.schema, filterset_class._meta.model, filterset_class, name, one
            )
        ]


@lru_cache(maxsize=256)
def _with_only(filterset_class: Any, names: frozenset[str]) -> Any:
    """The class with these filters alone: a form of all of them takes longer to build than the query."""
    chosen: Any = type(filterset_class.__name__, (filterset_class,), {})
    chosen.base_filters = {name: one for name, one in filterset_class.base_filters.items() if name in names}
    return chosen


def _problem(name: str, errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "loc": ["query", name],
        "msg": errors[0]["message"],
        "type": errors[0]["code"] or "invalid",
        "input": None,
    }
