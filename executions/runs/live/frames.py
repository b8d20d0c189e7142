"""The frames that the websocket sends: the list of them, and how each is written.

docs/reference.md lists exactly these under "Live stream"; a test compares.
"""

import json
from typing import Any, Literal, NotRequired, TypedDict

from executions.runs.live.batches import Frame
from executions.runs.live.json_encoder import dump


class Subscribed(TypedDict):
    """The subscription stands; repeats what it is for."""

    type: Literal["subscribed"]
    sub: str
    execution_id: NotRequired[str]
    objective_id: NotRequired[str]
    tool_call_id: NotRequired[str]
    thread_id: NotRequired[str]
    space_id: NotRequired[str]


class Waiting(TypedDict):
    """The tool call has no execution yet; a snapshot follows by itself once it has one."""

    type: Literal["waiting"]
    sub: str
    tool_call_id: str


class Snapshot(TypedDict):
    """The object as it was after event `seq`, which the events that follow continue.

    `seq` is a cursor for a space.
    """

    type: Literal["snapshot"]
    sub: str
    object: dict[str, Any]
    seq: int | str


class Event(TypedDict):
    """One event; a space's events also say which run they are of. `seq` is a cursor for a space."""

    type: Literal["event"]
    sub: str
    seq: int | str
    kind: str
    data: dict[str, Any]
    at: str
    execution_id: NotRequired[str]
    objective_id: NotRequired[str]


# Written as a call because `from` is a keyword of this language.
Gap = TypedDict("Gap", {"type": Literal["gap"], "sub": str, "from": int | str, "to": int | str})
Gap.__doc__ = "Events that retention has removed, both ends included; for a space a new snapshot follows."


class Ended(TypedDict):
    """The subscription is over: `finished` after the last event, `unsubscribed` because the client asked."""

    type: Literal["ended"]
    sub: str
    reason: Literal["finished", "unsubscribed"]


class Error(TypedDict):
    """A frame was refused or a subscription ended; `sub` is null where none is meant.

    `id` is that of a command. `code` says why, `field` which member of the client's frame is wrong.
    """

    type: Literal["error"]
    sub: str | None
    id: NotRequired[str]
    code: str
    detail: str
    field: NotRequired[str]


class Pong(TypedDict):
    """The answer to `ping`."""

    type: Literal["pong"]
    sub: NotRequired[str]


class Done(TypedDict):
    """A command has been carried out."""

    type: Literal["done"]
    id: str
    result: dict[str, Any]


OUTGOING: tuple[type, ...] = (Subscribed, Waiting, Snapshot, Event, Gap, Ended, Error, Pong, Done)

# What `code` of an error may be, and what it means.
ERROR_CODES = {
    "invalid": "the frame cannot be understood; `field` names the wrong member",
    "not_found": "there is no such run or space for this caller (any more)",
    "not_permitted": "role or key lack the permission (any more)",
    "unauthenticated": "the credentials are over; the socket closes with 4401",
    "conflict": "`sub` is already in use on this socket; or a command asks for what is not possible "
    "(any more)",
    "not_subscribed": "there is no subscription of that name",
    "too_many": "this socket has as many subscriptions as it may have; or, and then it closes with 4429, "
    "its caller has as many sockets and streams",
    "unavailable": "the database could not be asked; try again",
}


def write(frame: dict[str, Any]) -> str:
    """A frame as JSON text."""
    return dump(frame)


def write_error(
    sub: str | None, code: str, detail: str, *, field: str | None = None, id: str | None = None
) -> str:
    """`code` is one of `ERROR_CODES`; `id` is that of a command."""
    given = {"field": field, "id": id}
    named = {name: value for name, value in given.items() if value is not None}
    return write({"type": "error", "sub": sub, "code": code, "detail": detail, **named})


def write_snapshot(sub: str, shown: str, seq: int | str) -> str:
    """`shown` is the object, already JSON text."""
    return f'{{"type":"snapshot","sub":{json.dumps(sub)},"object":{shown},"seq":{json.dumps(seq)}}}'


def write_entry(sub_text: str, frame: Frame) -> str:
    """An event or a gap of a log; `sub_text` is the subscription's name as JSON text."""
    kind = "gap" if frame.is_gap else "event"
    return f'{{"type":"{kind}","sub":{sub_text},{frame.fields}}}'
