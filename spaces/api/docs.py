"""Descriptions: files and tickets."""

from pydantic import BaseModel, Field

from spaces.api.describing import described
from spaces.api.ticket_bodies import TicketBody


class UploadedFileItem(BaseModel):
    """A file in the caller's collection."""

    id: str = Field(description="The upload.")
    name: str = Field(description="Its name, by which a start refers to it.", examples=["sales.csv"])
    size_bytes: int = Field(description="How many bytes it has.")
    sha256: str = Field(description="SHA-256 of its bytes, 64 hexadecimal digits.")


class FilesAnswer(BaseModel):
    """The files that an upload made."""

    data: list[UploadedFileItem] = Field(description="One item for each file, in the order they were sent.")


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


_UPLOAD = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "description": "One or several files of at most 100 MiB each, 1 GiB together.",
            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        }
    },
}

upload = described(
    "uploadFiles",
    "Upload files",
    tag="files",
    description=(
        "Keeps files in the caller's personal collection, from which a start takes them by name; "
        "of several with one name the newest counts."
    ),
    request={"multipart/form-data": _UPLOAD},
    answers={201: (FilesAnswer, "The files.")},
    errors=[413, 415],
)
ticket = described(
    "createTicket",
    "Get a ticket for a browser",
    tag="live",
    description=(
        "A ticket stands for its maker where a key cannot go: in the address of a websocket, an "
        "`EventSource`, a picture or a `fetch` in somebody's browser. It is sent as `?ticket=…`, the one way "
        "that all four have.\n\n"
        "**Without `for`** it is everything that its maker is, once, within 60 s, on `/v1/ws` only. Keep "
        "such a ticket to your own pages.\n\n"
        "**With `for`** it opens one thing and what lies in it, in both APIs, on the socket, on event "
        "streams and on the bytes of artifacts alike, and nothing else: a chat server can hand it to an end "
        "user's browser. It may be shown as often as needed until its `seconds` are over, since browsers "
        "come back by themselves and load several pictures. It never lets do more than its maker may at that "
        "moment, and it ends with its maker's key, session or membership; what it has opened closes within 5 "
        "s of its end.\n\n"
        "| `for` | opens, to `read` | to `decide` | to `cancel` |\n"
        "|---|---|---|---|\n"
        "| `tool_call_id` | the lookup, the execution that the call dispatches, the executions which that "
        "one calls, their events, artifacts and archives; of an objective's call (`toolcall_…`) the call "
        "itself and the objective of a sub-agent that it starts | that call | those executions |\n"
        "| `execution_id` | the execution and those that it calls, in the same way | | those executions |\n"
        "| `objective_id` | the objective, its events, windows and tool calls, and the objectives and "
        "executions that it starts | its tool calls | the objective and what it started |\n"
        "| `space_id` | the feed, the lists and `/waiting`, and all executions and objectives | every tool "
        "call | all of them |\n\n"
        "To decide is `:approve`, `:deny` and `:setContent` of the workspace API; to cancel is `/cancel` of "
        "an execution and `:cancel` of an objective. Whoever may read an objective reads all of it, its "
        "system prompt included. A tool call need not exist yet: then its space must be known, from "
        "`space_id` beside it or because the caller reaches only one. Ids are taken in either API's "
        "spelling. A ticket makes no tickets."
    ),
    request=TicketBody,
    answers={201: (TicketAnswer, "The ticket.")},
    errors=[400, 415],
)
