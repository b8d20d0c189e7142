"""One way to describe an operation, in both APIs; what all of an API have in common comes by itself.

A handler's docstring is what the document says of it. Path parameters and the errors that every request may
be answered with come from the API's own description, filters and pages from the classes that read them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_parameter_type
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from spaces.api.permissions import Needs

_ERROR_HEADERS = [
    OpenApiParameter(
        "WWW-Authenticate",
        str,
        OpenApiParameter.HEADER,
        response=[401],
        description='`Bearer realm="api"`',
    ),
    OpenApiParameter(
        "Retry-After", int, OpenApiParameter.HEADER, response=[429, 503], description="Seconds to wait."
    ),
]


@dataclass(frozen=True, slots=True)
class ApiDescription:
    """What all operations of one API have in common."""

    paths: Mapping[str, tuple[str, dict[str, Any]]]  # what each open part of a path means, and its schema
    errors: Mapping[int, tuple[type, str]]  # the shape of each error, and what it means
    always: Collection[int]  # the errors that every operation may answer with
    unbuilt: Collection[int] = ()  # those of an operation that is not built


@dataclass(frozen=True, slots=True)
class OperationDescription:
    """What a handler says of itself beside what the document is told."""

    errors: Collection[int]
    filterset_class: Any
    pagination_class: Any
    query: tuple[str, ...]  # the query parameters that it takes
    is_built: bool


def operation(  # noqa: PLR0913 - what the document says of an operation, most of it left out mostly
    operation_id: str,
    summary: str,
    *,
    tag: str,
    answer: Any = None,
    answers: Mapping[Any, tuple[Any, str]] | None = None,
    body: Any = None,
    errors: Collection[int] = (),
    filterset_class: Any = None,
    pagination_class: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    examples: Mapping[str, Any] | None = None,
    description: str | None = None,
    is_built: bool = True,
) -> Callable[[Any], Any]:
    """A decorator for a viewset's method, whose docstring is the description where none is given.

    `answer` is the shape of the 200; where there are others, `answers` are (shape, meaning) by status.
    `errors` are those beside what every operation of the API may answer with. `examples` are values of the
    request's `body` and of the `answer`, under these names.
    """
    told = {200: (answer, summary)} if answers is None and answer is not None else answers or {}
    shown = [
        OpenApiExample(summary, value=value, request_only=which == "body", response_only=which == "answer")
        for which, value in (examples or {}).items()
    ]
    describe = extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description,
        tags=[tag],
        parameters=[*parameters],
        request=body,
        responses={
            status: OpenApiResponse(shape, description=text) for status, (shape, text) in told.items()
        },
        examples=shown or None,
    )
    query = (
        *(pagination_class.parameters if pagination_class else ()),
        *(filterset_class.base_filters if filterset_class else ()),
        *(one.name for one in parameters if one.location == OpenApiParameter.QUERY),
    )

    def decorate(handler: Any) -> Any:
        handler.operation = OperationDescription(errors, filterset_class, pagination_class, query, is_built)
        return describe(handler)

    return decorate


class OperationSchema(AutoSchema):
    """What drf-spectacular makes of our views: with the API's own path parameters and errors."""

    view: Any  # an `ApiViewSet`

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False  # what `list` answers is an envelope, not an array of it

    def get_filter_backends(self) -> list[Any]:
        operation = self.view.operation
        return list(self.view.filter_backends) if operation and operation.filterset_class else []

    def _get_pagination_parameters(self) -> list[dict[str, Any]]:
        paginator = self.view.pagination_class and self.view.pagination_class()
        return paginator.get_schema_operation_parameters(self.view) if paginator else []

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        paths = self.view.api.paths
        return [
            build_parameter_type(
                name=name, location=OpenApiParameter.PATH, description=paths[name][0], schema=paths[name][1]
            )
            for name in variables
        ]

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *(_ERROR_HEADERS if self.view.operation else ())]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        operation = self.view.operation
        if operation is None:
            bodies: dict[str, Any] = super()._get_response_bodies(direction)
            return bodies
        bodies = super()._get_response_bodies(direction) if self.get_response_serializers() else {}
        api = self.view.api
        always = api.always if operation.is_built else api.unbuilt
        for status in sorted({*always, *operation.errors}):
            shape, meaning = api.errors[status]
            told = OpenApiResponse(shape, description=meaning)
            bodies[str(status)] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                told, str(status), direction=direction
            )
        return bodies

    def get_description(self) -> str:  # type: ignore[override]
        """What the handler's docstring says, and which permission it needs."""
        needs = [one.needed for one in self.view.get_permissions() if isinstance(one, Needs)]
        needed = [found for find in needs if (found := find(self.method, self.view.action))]
        said: str = super().get_description()
        return f"{said}\n\nNeeds the permission `{needed[0]}`." if needed else said

    def get_auth(self) -> list[dict[str, list[Any]]]:
        """With the ticket, where a view says that it opens the action."""
        taken: list[dict[str, list[Any]]] = super().get_auth()
        opens = getattr(self.view, "action", None) in getattr(self.view, "may_by_ticket", {})
        return [*taken, {"ticket": []}] if opens else taken
