"""What the workspace API's operations have in common, as the OpenAPI document says it."""

from functools import cache
from typing import Any, cast

from pydantic import BaseModel, create_model

from objectives.schemas.shape import Shape
from objectives.schemas.status import Pagination, Status
from spaces.api.idempotency import idempotency_header
from spaces.api.operations import ApiDescription

_ERRORS = {
    400: "A field or a parameter is wrong (code 3), or the state does not allow it (code 9).",
    401: "Missing, unknown, expired or revoked credentials (code 16).",
    403: "The key lacks the permission, or does not reach the workspace (code 7).",
    404: "Not found, or not visible to this key (code 5).",
    409: "The external id or the name is taken, or the `Idempotency-Key` was used with another body "
    "(code 6).",
    429: "Too many requests of this key; `Retry-After` says how many seconds to wait (code 8).",
    501: "Not built: the operation, or a field that the body names (code 12).",
    503: "The database does not answer at the moment (code 14).",
}
_PATHS = {
    "workspace_id": "The workspace, `workspace_…` or `external_id:…`.",
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
WORKSPACE_API = ApiDescription(
    paths={name: (meaning, {"type": "string"}) for name, meaning in _PATHS.items()},
    errors={status: (Status, meaning) for status, meaning in _ERRORS.items()},
    always=(400, 401, 403, 404, 429, 503),
    unbuilt=(401, 403, 404, 429, 501, 503),
)
NOT_BUILT = "not_built"  # the tag of what clients know and this server does not have
IDEMPOTENCY_KEY = idempotency_header(
    "The same key with the same body is answered with what the first request made, with another body 409. "
    "It counts for one caller in one workspace, as long as events are kept; a request that is refused leaves "
    "it unused."
)


@cache
def page_of(shape: type[Shape]) -> type[BaseModel]:
    """The shape of a page of these."""
    model: Any = create_model(
        f"{shape.__name__}Page",
        __base__=Shape,
        __doc__=f"One page of a list: {shape.__name__.removesuffix('Schema')}.",
        items=(list[shape], ...),  # type: ignore[valid-type]
        pagination=(Pagination, ...),
    )
    model.model_fields["items"].description = "The items of this page."
    model.model_fields["pagination"].description = "How to go on."
    model.model_rebuild(force=True)
    return cast(type[BaseModel], model)
