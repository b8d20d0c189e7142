"""What the OpenAPI document says of the chat's streams, which are no views."""

from typing import Any

from pydantic.json_schema import models_json_schema

from objectives.chat.bodies import ChatBody, TransportBody
from spaces.api.describing import SPACE_API

_REF = "#/components/schemas/{model}"
_FORMATS = ["ui-message-stream", "data-stream", "assistant-transport", "ag-ui"]
_UUID = {"type": "string", "format": "uuid"}


def chat_components() -> dict[str, Any]:
    """The bodies of a turn, by the name of their schemas."""
    bodies = [(model, "validation") for model in (ChatBody, TransportBody)]
    _, described = models_json_schema(bodies, ref_template=_REF)  # type: ignore[arg-type]
    return dict(described["$defs"])


def chat_paths(errors: dict[str, Any]) -> dict[str, Any]:
    """The three streams; `errors` are the answers that every route of a space has."""
    space = "/v1/spaces/{space_id}"
    either = {"anyOf": [{"$ref": _REF.format(model=one.__name__)} for one in (ChatBody, TransportBody)]}
    agui = {
        "type": "object",
        "required": ["messages"],
        "properties": {
            "messages": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "object"},
                "description": "The conversation, of which the last message counts.",
            }
        },
    }
    return {
        f"{space}/chat": {"post": _turn("chat", "Take a turn in a chat", _CHAT, either, errors)},
        f"{space}/ag-ui": {"post": _turn("agUi", "Take a turn by the AG-UI protocol", _AG_UI, agui, errors)},
        f"{space}/chat/{{thread_id}}/stream": {"get": _resume(errors)},
    }


_CHAT = (
    "Says something, decides about a call or answers one, and streams the turn that comes of it to its end, "
    "or to where people are awaited. Without `thread_id` a new thread begins, which `X-Thread-Id` names. The "
    "body is the documented one, or that of the AI SDK's default transport or of assistant-ui's data-stream "
    "runtime, of whose `messages` the last counts. A client that leaves stops nothing; where a turn runs "
    "already the message is heard afterwards, and the stream waits for its answer."
)
_AG_UI = "The same turn: the body is a `RunAgentInput`, of whose `messages` the last counts."


def _turn(  # noqa: PLR0917 - what the document says of it
    operation_id: str, summary: str, text: str, body: dict[str, Any], errors: dict[str, Any]
) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "tags": ["chat"],
        "summary": summary,
        "description": f"{text}\n\nNeeds the permission `objectives:manage`.",
        "parameters": [
            _in("space_id", "path", "The space.", _UUID, is_required=True),
            _FORMAT,
            _KEY,
            _TICKET,
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": _told(), **errors, **_refusals(errors)},
    }


def _refusals(errors: dict[str, Any]) -> dict[str, Any]:
    """The errors of whatever writes, in the form of the others."""
    return {
        str(status): {**errors["404"], "description": SPACE_API.errors[status][1]} for status in (409, 501)
    }


def _resume(errors: dict[str, Any]) -> dict[str, Any]:
    number = {"type": "integer", "minimum": 0}
    return {
        "operationId": "resumeTurn",
        "tags": ["chat"],
        "summary": "Follow the turn under way",
        "description": (
            "The turn under way from its beginning, or after the event that `Last-Event-ID` names.\n\n"
            "Needs the permission `objectives:read`."
        ),
        "parameters": [
            _in("space_id", "path", "The space.", _UUID, is_required=True),
            _in("thread_id", "path", "The thread.", _UUID, is_required=True),
            _FORMAT,
            _in("Last-Event-ID", "header", "Go on after this event.", number),
            _TICKET,
        ],
        "responses": {"200": _told(), "204": {"description": "No turn is under way."}, **errors},
    }


def _told() -> dict[str, Any]:
    schema = {"type": "string", "contentMediaType": "text/event-stream"}
    head = {"description": "The thread.", "schema": _UUID}
    content = {"text/event-stream": {"schema": schema}, "text/plain": {"schema": {"type": "string"}}}
    return {"description": "The stream.", "headers": {"X-Thread-Id": head}, "content": content}


def _in(
    name: str, place: str, text: str, schema: dict[str, Any], *, is_required: bool = False
) -> dict[str, Any]:
    required = {"required": True} if is_required else {}
    return {"name": name, "in": place, "description": text, "schema": schema, **required}


_FORMAT = _in("format", "query", "How the turn is written.", {"type": "string", "enum": _FORMATS})
_KEY = _in(
    "Idempotency-Key",
    "header",
    "The same key says it once.",
    {"type": "string", "minLength": 1, "maxLength": 255},
)
_TICKET = _in(
    "ticket", "query", "A ticket, where the client can send no header and has no session.", {"type": "string"}
)
