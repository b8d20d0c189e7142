"""Descriptions: the event stream and the websocket, which are no views."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from executions.api.event_payloads import PAYLOADS
from executions.runlog.frames import ERROR_CODES, OUTGOING
from executions.runlog.socket.incoming import Ping, Subscribe, Unsubscribe

INCOMING = (Subscribe, Unsubscribe, Ping)
_REF = "#/components/schemas/{model}"
# What a member means in whichever frame it is.
_MEMBERS = {
    "type": "Which frame this is.",
    "sub": "The client's own name of the subscription, 1 to 100 characters.",
    "execution_id": "The execution.",
    "objective_id": "The objective.",
    "tool_call_id": "The tool call, which need not have an execution yet.",
    "thread_id": "Only executions of this chat thread.",
    "space_id": "The space: alone for its feed; beside a tool call where the caller reaches several.",
    "after": "Go on after this number (for a feed: this cursor); without it a snapshot comes first.",
    "object": "The execution with its 25 keys; for a space its unfinished executions.",
    "seq": "The event's number, 1, 2, 3 …; for a space a cursor.",
    "kind": "The kind of the event.",
    "data": "What the event carries, by its kind.",
    "at": "When it happened, RFC 3339 in UTC.",
    "from": "The first number that is gone.",
    "to": "The last number that is gone.",
    "reason": "`finished` after the last event, `unsubscribed` because the client asked.",
    "code": "; ".join(f"`{code}`: {meaning}" for code, meaning in ERROR_CODES.items()),
    "detail": "A sentence for people.",
    "field": "The member of the client's frame that is wrong.",
}


def live_components() -> dict[str, Any]:
    """The payload of each kind of event, and each frame of the websocket, by the name of its schema."""
    kinds = [(model, "serialization") for model in PAYLOADS.values()]
    _, described = models_json_schema(kinds, ref_template=_REF)  # type: ignore[arg-type]
    components: dict[str, Any] = dict(described["$defs"])
    for frame in (*INCOMING, *OUTGOING):
        schema = TypeAdapter(frame).json_schema(ref_template=_REF)
        schema["title"] = frame.__name__
        schema["description"] = (frame.__doc__ or "").strip()
        for name, member in schema["properties"].items():
            member["description"] = _MEMBERS[name]
        components[_frame_name(frame)] = schema
    return components


def live_paths(errors: dict[str, Any]) -> dict[str, Any]:
    """The two routes; `errors` are the answers that every route of a space has."""
    return {
        "/v1/spaces/{space_id}/skills/executions/{execution_id}/events": {"get": _stream(errors)},
        "/v1/ws": {"get": _socket(errors)},
    }


def _stream(errors: dict[str, Any]) -> dict[str, Any]:
    kinds = "\n".join(
        f"- `{kind}` ([{model.__name__}](#/components/schemas/{model.__name__})): {model.__doc__}"
        for kind, model in PAYLOADS.items()
    )
    return {
        "operationId": "streamEvents",
        "tags": ["live"],
        "summary": "Follow an execution",
        "description": (
            "Server-sent events, from the beginning or after the number that `Last-Event-ID` or `after` "
            "says. "
            "`id:` is the event's number in this execution (1, 2, 3 … without gaps), `event:` its kind "
            "and `data:` the object `{seq, kind, data, at}` of the socket's `event`. "
            "A comment comes every 10 s; the stream ends after the last event. `gap` "
            f"tells of numbers that retention has removed.\n\nThe kinds, and what `data` is:\n\n{kinds}"
        ),
        "parameters": [
            _path("space_id", "The space."),
            _path("execution_id", "The execution."),
            _number("after", "query", "Resume after this event."),
            _number("Last-Event-ID", "header", "The same; browsers send it by themselves."),
        ],
        "responses": {
            "200": {
                "description": "The stream.",
                "content": {
                    "text/event-stream": {
                        "schema": {
                            "type": "string",
                            "description": "Each `data:` is one of these.",
                            "contentMediaType": "text/event-stream",
                        },
                        "examples": {"progress": {"summary": "One event", "value": _EXAMPLE}},
                    }
                },
            },
            "204": {"description": "The execution is over and there is nothing after this number."},
            **errors,
        },
    }


_EXAMPLE = (
    "id: 3\nevent: execution.progressed\n"
    'data: {"seq":3,"kind":"execution.progressed","data":{"fraction":0.4,"message":"Reading"},'
    '"at":"2026-11-22T12:00:00.250Z"}\n\n'
)


def _socket(errors: dict[str, Any]) -> dict[str, Any]:
    incoming, outgoing = (
        "\n".join(
            f"- [{_frame_name(frame)}](#/components/schemas/{_frame_name(frame)}): {frame.__doc__}"
            for frame in side
        )
        for side in (INCOMING, OUTGOING)
    )
    return {
        "operationId": "openSocket",
        "tags": ["live"],
        "summary": "Follow many things over one websocket",
        "description": (
            "A websocket of JSON text frames: executions, tool calls that have no execution yet, and a "
            "space's feed, "
            "each under a name of the client's choice. A snapshot comes first, then events.\n\n"
            f"The client sends:\n\n{incoming}\n\nThe server sends:\n\n{outgoing}"
        ),
        "parameters": [
            {
                "name": "ticket",
                "in": "query",
                "description": "A ticket, where the client can send no header and has no session.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "101": {"description": "The protocol is switched to that of websockets."},
            "401": errors["401"],
        },
    }


def _path(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "uuid"}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _number(name: str, place: str, description: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": place, "description": description, "schema": schema}


def _frame_name(frame: type) -> str:
    return f"{frame.__name__}Frame"
