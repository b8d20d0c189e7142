"""The frames that clients send, checked."""

import uuid
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from spaces.chat_ids import MAX_CHAT_ID
from spaces.errors import Invalid
from spaces.ids import parse_uuid

MAX_FRAME_CHARACTERS = 128 * 1024  # two chat ids with every character escaped, and the rest

Sub = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ChatId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHAT_ID, pattern=r"^[^\x00]+$")]
Number = Annotated[int, Field(ge=0, lt=2**63)]
Cursor = Annotated[str, StringConstraints(max_length=100)]


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Subscribe(_Frame):
    """Follow a run, a tool call or (with `space_id` alone) a space's feed, under a name of one's choice.

    `after` is a number for runs and tool calls, a cursor for feeds; without it a snapshot comes first.
    """

    type: Literal["subscribe"]
    sub: Sub
    execution_id: Id | None = None
    objective_id: Id | None = None
    tool_call_id: ChatId | None = None
    thread_id: ChatId | None = None
    space_id: Id | None = None
    after: Number | Cursor | None = None

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        targets = [self.execution_id, self.objective_id, self.tool_call_id]
        if sum(target is not None for target in targets) > 1:
            raise ValueError("execution_id, objective_id and tool_call_id exclude each other")
        if self.is_feed and self.space_id is None:
            raise ValueError("one of execution_id, tool_call_id, objective_id and space_id is needed")
        if self.thread_id is not None and (self.execution_id or self.objective_id):
            raise ValueError("thread_id goes with tool_call_id, or stands alone")
        if self.after is not None and self.is_feed is not isinstance(self.after, str):
            raise ValueError("after is a cursor for a space and a number for everything else")
        return self

    @property
    def is_feed(self) -> bool:
        named = (self.execution_id, self.objective_id, self.tool_call_id, self.thread_id)
        return all(one is None for one in named)

    def space(self) -> uuid.UUID | None:
        """The space named, None for none; raises Invalid for what is no id."""
        if self.space_id is None:
            return None
        return known_id("space_id", self.space_id)


class Unsubscribe(_Frame):
    """Stop following."""

    type: Literal["unsubscribe"]
    sub: Sub


class Ping(_Frame):
    """Ask for a `pong`."""

    type: Literal["ping"]
    sub: Sub | None = None


class Command(_Frame):
    """Something to be done in a chat, answered once by `done` or `error` with the same `id`."""

    type: Literal["say", "stop", "approve", "deny", "content", "cancel"]
    id: Id
    space_id: Id | None = None
    thread_id: Id | None = None
    agent_id: Id | None = None
    execution_id: Id | None = None
    tool_call_id: ChatId | None = None
    text: str | None = None
    files: list[str] | None = None
    memo: str | None = None
    content: Any = None

    @property
    def sub(self) -> None:
        """A command is of no subscription."""


INCOMING: tuple[type[Subscribe | Unsubscribe | Ping | Command], ...] = (Subscribe, Unsubscribe, Ping, Command)
COMMANDS = ("say", "stop", "approve", "deny", "content", "cancel")
_KINDS: dict[str, type[Subscribe | Unsubscribe | Ping | Command]] = {
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "ping": Ping,
    **dict.fromkeys(COMMANDS, Command),
}


class BadFrame(Exception):
    """A frame that cannot be understood; `field` is its wrong member, None where it is no object at all."""

    def __init__(
        self, detail: str, *, field: str | None = None, sub: str | None = None, id: str | None = None
    ) -> None:
        super().__init__(detail)
        self.id = id
        self.detail = detail
        self.field = field
        self.sub = sub


def parse_frame(text: str | None) -> Subscribe | Unsubscribe | Ping | Command:
    """The frame in a text message (None for a binary one); raises BadFrame naming the wrong field."""
    if text is None:
        raise BadFrame("Frames are text, not binary.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFrame(f"Not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadFrame("A frame is a JSON object.")
    sub = value.get("sub")
    named = sub if isinstance(sub, str) and len(sub) <= 100 else None
    name = value.get("type")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadFrame(f"type is one of {', '.join(_KINDS)}.", field="type", sub=named)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        field, message = _first_problem(error)
        told = f"{field}: {message}" if field else message
        named_id = value.get("id") if kind is Command and isinstance(value.get("id"), str) else None
        raise BadFrame(told, field=field, sub=named, id=named_id) from error


def known_id(field: str, text: str) -> uuid.UUID:
    """The id behind its one spelling; raises Invalid naming the field."""
    known = parse_uuid(text)
    if known is None:
        raise Invalid.field(field, msg=f"{field} is not a UUID in lower case.", kind="uuid_parsing")
    return known


def _first_problem(error: ValidationError) -> tuple[str | None, str]:
    problem: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["loc"]:
        return str(problem["loc"][0]), message
    # Rules over several members begin with the one at fault, where there is one.
    first = message.partition(" ")[0].rstrip(",")
    return (first if first in Subscribe.model_fields else None), message
