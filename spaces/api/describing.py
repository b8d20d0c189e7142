"""What the space API's operations have in common, as the OpenAPI document says it."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from pydantic import BaseModel, Field

from spaces.api.operations import ApiDescription


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
    400: "The request is malformed: a field is wrong, missing or not allowed.",
    401: "Missing, unknown, expired or revoked credentials; `WWW-Authenticate` says what is taken.",
    403: "The key or the role lacks the permission, or a session's CSRF token is missing.",
    404: "Not found. Resources of others answer exactly like this.",
    406: "Only JSON is available here.",
    409: "The request contradicts what is recorded, or the state does not allow it.",
    413: "The body is too large.",
    422: "A field is wrong.",
    415: "Unsupported Content-Type.",
    429: "Too many requests of this key; `Retry-After` says how many seconds to wait.",
    501: "What a field asks for is not built.",
    503: "The database does not answer at the moment; `Retry-After` says how many seconds to wait.",
}
_OF_FIELDS = {400, 422}
_UUID = {"type": "string", "format": "uuid"}
_TEXT = {"type": "string"}
SPACE_API = ApiDescription(
    paths={
        "space_id": (
            "The space. One that the caller does not reach answers like one that does not exist.",
            _UUID,
        ),
        "execution_id": ("The execution.", _UUID),
        "artifact_id": ("The artifact.", _UUID),
        "thread_id": ("The thread: its id, a UUID.", _UUID),
        "queued_id": ("The message that waits to be heard.", _UUID),
        "call_id": ("The tool call, `toolcall_…`, as it stands in the stream.", _TEXT),
        "file_id": ("The file of a message.", _UUID),
        "slug": ("The skill's slug.", _TEXT),
        "tool_name": ("The tool: the skill's slug.", _TEXT),
        "tool_call_id": (
            (
                "The id that the model gave the call, percent-encoded: everything to the end of the path, "
                "decoded once, slashes included. Compared exactly."
            ),
            _TEXT,
        ),
    },
    errors={
        status: (ProblemsAnswer if status in _OF_FIELDS else ErrorAnswer, meaning)
        for status, meaning in _ERRORS.items()
    },
    always=(401, 403, 404, 406, 422, 429, 503),
)


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
