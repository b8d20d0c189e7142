"""Descriptions: the event stream and the websocket, which are no views."""

import json
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from executions.api.event_payloads import PAYLOADS
from executions.runs.live.frames import ERROR_CODES, OUTGOING
from executions.runs.live.socket.client_frames import INCOMING

# How the socket closes where it is not the client who does.
CLOSE_CODES = {
    4401: "the credentials are unknown, used or over",
    4403: "the page's origin may not connect",
    4413: "a frame was longer than 16,384 characters",
    4429: "this caller has as many sockets and streams open as one may have",
    4500: "something went wrong on our side",
}
_TICKET = {
    "name": "ticket",
    "in": "query",
    "description": "A ticket, where the client can send no header and has no session.",
    "schema": {"type": "string"},
}
_REF = "#/components/schemas/{model}"
# What a member means in whichever frame it is.
_MEMBERS = {
    "type": "Which frame this is.",
    "sub": "The client's own name of the subscription, 1 to 100 characters.",
    "execution_id": "The execution.",
    "objective_id": "The objective.",
    "tool_call_id": "The tool call, which need not have an execution yet.",
    "thread_id": "A chat: alone for its messages and events; beside a tool call, only executions of it.",
    "id": "The client's own name of a command, which its answer repeats.",
    "agent_id": "Who answers in a new thread.",
    "text": "What is said.",
    "files": "Names of uploaded files.",
    "memo": "Why a call is denied.",
    "content": "What a call gave.",
    "result": "What came of a command.",
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
            _TICKET,
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


# One frame of each direction and the whole of a conversation: what a client that knows a tool call sees.
CONVERSATION = (
    ("→", {"type": "subscribe", "sub": "card", "tool_call_id": "call_7"}),
    ("←", {"type": "subscribed", "sub": "card", "tool_call_id": "call_7"}),
    ("←", {"type": "waiting", "sub": "card", "tool_call_id": "call_7"}),
    ("←", {"type": "snapshot", "sub": "card", "object": {"id": "01a203d7-…", "state": "queued"}, "seq": 1}),
    (
        "←",
        {
            "type": "event",
            "sub": "card",
            "seq": 2,
            "kind": "execution.started",
            "data": {"state": "running", "attempt": 1, "started_at": "2026-11-22T12:00:00.125Z", "fence": 1},
            "at": "2026-11-22T12:00:00.125Z",
            "execution_id": "01a203d7-…",
        },
    ),
    ("←", {"type": "ended", "sub": "card", "reason": "finished"}),
)


def _socket(errors: dict[str, Any]) -> dict[str, Any]:
    incoming, outgoing = ("\n".join(map(_line, side)) for side in (INCOMING, OUTGOING))
    spoken = "\n".join(f"{way} {json.dumps(frame, ensure_ascii=False)}" for way, frame in CONVERSATION)
    codes = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in ERROR_CODES.items())
    closed = "\n".join(f"| {code} | {meaning} |" for code, meaning in CLOSE_CODES.items())
    return {
        "operationId": "openSocket",
        "tags": ["live"],
        "summary": "Follow many things over one websocket",
        "description": (
            "A websocket of JSON text frames: executions, objectives, tool calls that have no execution yet, "
            "and a space's feed, each under a name `sub` of the client's choice. A snapshot comes first, "
            "then events; with `after` the events alone. Every frame says by `type` which one it is:\n\n"
            f"```\n{spoken}\n```\n\n"
            f"The client sends:\n\n{incoming}\n\nThe server sends:\n\n{outgoing}\n\n"
            f"An `error` has one of these codes:\n\n| `code` | Meaning |\n|---|---|\n{codes}\n\n"
            f"The socket closes with one of these:\n\n| Close code | Meaning |\n|---|---|\n{closed}\n\n"
            "**Credentials** are a key in a header, a session, or a ticket in the address. **Pages** may "
            "open it from this deployment's own origin and from those in its `ALLOWED_ORIGINS`, whatever "
            "they show: a ticket from another origin is refused too. What is no page sends no origin, and "
            "may."
        ),
        "parameters": [_TICKET],
        "responses": {
            "101": {"description": "The protocol is switched to that of websockets."},
            "401": errors["401"],
        },
    }


def _line(frame: type) -> str:
    """An item of a list: in Markdown an empty line would end it."""
    said = " ".join((frame.__doc__ or "").split())
    return f"- [`{kind_of(frame)}`](#/components/schemas/{_frame_name(frame)}): {said}"


def kind_of(frame: type) -> str:
    """The `type` that a frame carries."""
    return str(get_args(get_type_hints(frame)["type"])[0])


def _path(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "uuid"}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _number(name: str, place: str, description: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": place, "description": description, "schema": schema}


def _frame_name(frame: type) -> str:
    return f"{frame.__name__}Frame"
