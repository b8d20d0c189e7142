"""How routes are described in the OpenAPI document."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, Field

SPACE = OpenApiParameter(
    "space_id",
    OpenApiTypes.UUID,
    OpenApiParameter.PATH,
    description="The space. One that the caller does not reach answers like one that does not exist.",
)
PAGING = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
        description="Most items of a page.",
    ),
    OpenApiParameter(
        "cursor",
        str,
        description=(
            "`meta.next_cursor` of the page before. It is good for the same list with the same filters only."
        ),
    ),
]


class ErrorAnswer(BaseModel):
    """What is wrong, in a sentence."""

    detail: str = Field(description="A sentence for people.", examples=["Not found."])


class Problem(BaseModel):
    """One thing that is wrong with a request."""

    loc: list[str | int] = Field(
        description="Where: `path`, `query`, `header` or `body`, and the way from there.",
        examples=[["path", "space_id"]],
    )
    msg: str = Field(description="A sentence for people.", examples=["Input should be a valid UUID"])
    type: str = Field(description="A word for programs.", examples=["uuid_parsing"])
    input: str | int | float | bool | None = Field(
        description="The value that is wrong, shortened; null where it is missing or no scalar."
    )


class ProblemsAnswer(BaseModel):
    """Everything that is wrong with a request."""

    detail: list[Problem] = Field(description="At least one problem.")


_ERRORS = {
    400: "The request cannot be understood: a member is wrong, missing or too many.",
    401: "Missing, unknown, expired or revoked credentials; `WWW-Authenticate` says what is taken.",
    403: "The key or the role lacks the permission, or a session's CSRF token is missing.",
    404: "There is no such thing for this caller: what belongs to others answers exactly like this.",
    406: "Only JSON can be had here.",
    409: "The request contradicts what is recorded, or the state does not allow it.",
    413: "The body is too large.",
    422: "A field is wrong.",
    415: "The body is not of the type that is taken here.",
    429: "Too many requests of this key; `Retry-After` says how many seconds to wait.",
    503: "The database does not answer at the moment; `Retry-After` says how many seconds to wait.",
}
_OF_FIELDS = {400, 422}
_ALWAYS = (401, 403, 404, 406, 422, 429, 503)


def described(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    description: str = "",
    parameters: Iterable[OpenApiParameter] = (),
    request: Any = None,
    answers: Mapping[Any, Any],
    errors: Iterable[int] = (),
) -> Callable[[Any], Any]:
    """A decorator for a viewset's method; `answers` are (model or response, meaning) by status."""
    responses = {
        status: OpenApiResponse(shape, description=meaning) for status, (shape, meaning) in answers.items()
    }
    for status in sorted({*_ALWAYS, *errors}):
        if status in _OF_FIELDS:
            responses[status] = OpenApiResponse(ProblemsAnswer, description=_ERRORS[status])
        else:
            responses[status] = OpenApiResponse(ErrorAnswer, description=_ERRORS[status])
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description or summary,
        tags=[tag],
        parameters=[*parameters, *_error_headers()],
        request=request,
        responses=responses,
    )


def _error_headers() -> list[OpenApiParameter]:
    return [
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


class KeyOrSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The three ways to say who calls."""

    target_class = "spaces.authentication.KeyOrSession"
    name = ["bearer", "apiKey", "session"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key as a bearer token."},
            {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "A signed-in person's session; writing also needs `X-CSRFToken`.",
            },
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]
