"""How the routes of the workspace API are described in the OpenAPI document."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, create_model

from objectives.parameters import takes
from objectives.shapes.shape import Shape
from objectives.shapes.status import Pagination, Status
from spaces.api.idempotency import idempotency_header

_ERRORS = {
    400: "A field is wrong (code 3), or the state does not allow it (code 9).",
    401: "Missing, unknown, expired or revoked credentials (code 16).",
    403: "The key lacks the permission, or does not reach the workspace (code 7).",
    404: "There is no such thing for this caller (code 5).",
    409: "The external id or the name is taken, or the `Idempotency-Key` was used with another body "
    "(code 6).",
    429: "Too many requests of this key; `Retry-After` says how many seconds to wait (code 8).",
    501: "Not built (code 12).",
    503: "The database does not answer at the moment (code 14).",
}
NOT_BUILT = "not_built"  # the tag of what clients know and this server does not have
PATHS = {
    "workspace_id": "The workspace, `workspace_…`.",
    "agent_id": "The agent, `agent_…` or `external_id:…`.",
    "variation_id": "The variation, `agentvar_…` or `external_id:…`.",
    "tool_set_id": "The tool set, `toolset_…` or `external_id:…`.",
    "tool_id": "The tool, `tool_…` or `external_id:…`.",
    "secret_id": "The secret, by id or `external_id:…`.",
    "provider_key_id": "The provider key, `aipk_…` or `external_id:…`.",
    "model_id": "The model, `model_…` or `external_id:…`.",
    "key_id": "The API key, `apikey_…` or `external_id:…`.",
    "objective_id": "The objective, `obj_…` or `external_id:…`.",
    "tool_call_id": "The tool call, `toolcall_…`.",
    "queued_action_id": "The queued action, `objqa_…`.",
    "thing_id": "The thing of a kind that is not built.",
    "entry_id": "The part of a thing of a kind that is not built.",
}
PAGING = {
    "limit": "Most items of a page: 50 unless told, 100 at most.",
    "cursor": "`pagination.nextCursor` of the page before, with the same filters.",
    "sortOrder": "`asc` or `desc`, by creation.",
    "labels": "`key=value,key=value`: only what carries all of these.",
}
REPEATING = (
    "The same key with the same body is answered with what the first request made, with another body 409. "
    "It counts for one caller in one workspace, as long as events are kept; a request that is refused leaves "
    "it unused."
)
NAMES = {
    "prefix": "Only names that begin so.",
    "query": "Only names that hold this.",
    "includeInfo": "`true` adds `info` to each item.",
}


def unbuilt_errors() -> dict[int, Any]:
    """The answers of an operation that is not built."""
    statuses = (401, 403, 404, 429, 501, 503)
    return {status: OpenApiResponse(Status, description=_ERRORS[status]) for status in statuses}


@cache
def page_of(shape: type[Shape]) -> type[BaseModel]:
    """The shape of a page of these."""
    model: Any = create_model(
        f"{shape.__name__}Page",
        __base__=Shape,
        __doc__=f"One page of a list: {shape.__name__}.",
        items=(list[shape], ...),  # type: ignore[valid-type]
        pagination=(Pagination, ...),
    )
    model.model_fields["items"].description = "The items of this page."
    model.model_fields["pagination"].description = "How to go on."
    model.model_rebuild(force=True)
    return cast(type[BaseModel], model)


def operation(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    answer: Any,
    body: Any = None,
    query: Mapping[str, str] | None = None,
    paths: str = "",
    is_repeatable: bool = False,
) -> Callable[[Any], Any]:
    """A decorator for a viewset's method.

    `answer` is the shape of the 200, `query` the query parameters with what each means, `paths` the names of
    what the path leaves open, which `PATHS` explains. `is_repeatable`: it takes an `Idempotency-Key`.
    """
    parameters = [
        OpenApiParameter(name, str, OpenApiParameter.QUERY, description=meaning)
        for name, meaning in (query or {}).items()
    ] + [
        OpenApiParameter(name, str, OpenApiParameter.PATH, description=PATHS[name]) for name in paths.split()
    ]
    if is_repeatable:
        parameters.append(idempotency_header(REPEATING))
    responses: dict[int, Any] = {200: OpenApiResponse(answer, description=summary)}
    for status, meaning in _ERRORS.items():
        responses[status] = OpenApiResponse(Status, description=meaning)
    described = extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=summary,
        tags=[tag],
        parameters=parameters,
        request=body,
        responses=responses,
    )
    return lambda handler: described(takes(tuple(query or ()))(handler))
