"""What a request for a ticket says, and its answer."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from spaces.api.request_bodies import Body, read_body
from spaces.chat_ids import MAX_CHAT_ID
from spaces.errors import Invalid, Malformed
from spaces.ticket_scopes import May
from spaces.tickets import MOST_SECONDS, SECONDS

_Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_ChatId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHAT_ID, pattern=r"^[^\x00]+$")]


class TicketTarget(Body):
    """What a ticket is for: one of these; a tool call may have its thread and its space beside it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    tool_call_id: _ChatId | None = Field(
        default=None,
        description="A chat's tool call, before or after its execution exists: its execution and what that "
        "calls; of an objective's call (`toolcall_…`) the call itself too.",
        examples=["call_7"],
    )
    thread_id: _ChatId | None = Field(
        default=None,
        description="Alone a thread of the chat, with its messages and tool calls. Beside a tool call, only "
        "in this chat thread: name it where your model repeats ids from thread to thread.",
    )
    execution_id: _Id | None = Field(
        default=None, description="An execution, with the executions that it called."
    )
    objective_id: _Id | None = Field(
        default=None,
        description="An objective, `obj_…` or a UUID, with its tool calls and all that it started.",
    )
    space_id: _Id | None = Field(
        default=None,
        description="A space, a UUID or `workspace_…`, with its executions, its objectives and its feed; or, "
        "beside `tool_call_id`, where that will be: needed where the caller reaches several.",
    )

    def named(self) -> Mapping[str, str]:
        """The members that are there."""
        return self.model_dump(exclude_none=True)


class TicketBody(Body):
    """What a ticket is asked for; empty for one that stands for its caller once."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    for_: TicketTarget | None = Field(default=None, alias="for", description="What it is for.")
    may: list[Annotated[str, Field(json_schema_extra={"enum": list(May)})]] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="What may be done there, `read` unless told. `read`: look; `decide`: approve and deny "
        "tool calls and supply their content; `say`: say something in a chat, and stop its turn; `cancel`: "
        "stop the execution or the objective.",
    )
    seconds: Annotated[int, Field(ge=1, le=MOST_SECONDS)] | None = Field(
        default=None,
        description=f"How long it is good for: {SECONDS} unless told, {MOST_SECONDS} at most.",
    )


class TicketItem(BaseModel):
    """A ticket."""

    ticket: str = Field(description="Send it as `?ticket=`, to whatever it opens.")
    expires_at: str = Field(
        description="When it is over, RFC 3339 in UTC: after its seconds, 60 for one without `for`, or with "
        "the key that it rests on.",
        examples=["2026-11-22T12:15:00Z"],
    )


class TicketAnswer(BaseModel):
    """A new ticket."""

    data: TicketItem = Field(description="The ticket.")


def read_ticket_body(data: Any) -> TicketBody:
    """The request; raises Malformed naming each wrong field."""
    given = dict(data) if isinstance(data, Mapping) else data
    try:
        body = read_body(TicketBody, given)
    except Invalid as error:
        raise Malformed(error.problems) from error
    if "for" in given and not (body.for_ and body.for_.named()):
        raise Malformed.field("body", "for", msg="`for` must name what the ticket is for, or be omitted.")
    for name in ("may", "seconds"):
        if name in given and getattr(body, name) is None:
            raise Malformed.field("body", name, msg="Must not be empty; omit it instead.")
        if name in given and body.for_ is None:
            raise Malformed.field("body", name, msg="Only allowed together with `for`.")
    for place, word in enumerate(body.may or ()):
        if word not in May:
            known = ", ".join(May)
            raise Malformed.field("body", "may", place, msg=f"Must be one of {known}.", value=word)
    return body
