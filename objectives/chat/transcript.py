"""The messages of a thread, read from its log."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from executions.runs.event_kinds import EventKind
from executions.runs.models import RunEvent
from objectives.actions.message_files import file_id
from objectives.chat.formats.ui_message_stream import read_arguments
from objectives.chat.pieces import (
    ApprovalAsked,
    Called,
    CallFailed,
    Decided,
    Ended,
    Piece,
    Returned,
    StepBegun,
    TextAdded,
    TextBegun,
    TextEnded,
    Thought,
)
from objectives.chat.turn import Turn
from objectives.former_events import present, stored
from objectives.ids import Json
from objectives.models import Thread
from spaces.signing import signed_path

_NEVER: Final = 2**62  # a turn that is read back does not end by a rest in it
_OF_ANSWERS = {
    *(EventKind.ASSISTANT_MESSAGE, EventKind.REASONING, EventKind.APPROVAL_REQUESTED, EventKind.APPROVED),
    *(EventKind.DENIED, EventKind.RETURNED, EventKind.INTERRUPTED, EventKind.FAILED, EventKind.CANCELLED),
}
_WHILE_OPEN = {EventKind.TEXT, EventKind.RESTARTED}
FILE_TOKEN: Final = "message-file"  # noqa: S105 - the kind of thing that a token is signed for


@dataclass
class Message:
    """One message as the AI SDK has it; `number` is that of the event it begins with.

    `thread_id` is the objective in whose log it stands, `parent_id` the message before.
    """

    id: str
    role: str
    thread_id: uuid.UUID
    number: int
    at: datetime
    parts: list[Json] = field(default_factory=list)
    author_id: str | None = None
    parent_id: str | None = None
    is_partial: bool = False

    @property
    def text(self) -> str:
        """All that it says, without what was thought and done."""
        return "\n\n".join(part["text"] for part in self.parts if part["type"] == "text")


def messages_of(thread: Thread, *, base_url: str, open_since: int | None = None) -> list[Message]:
    """All messages, oldest first.

    `open_since` is the number by which the turn under way began: of it the text so far is there too. None
    leaves that to whoever streams.
    """
    found = _read(_events(thread.pk, open_since), base_url)
    for former, message in zip([None, *found], found, strict=False):
        message.parent_id = former.id if former else None
    return found


def _events(objective_id: uuid.UUID, open_since: int | None) -> Iterator[RunEvent]:
    rows = RunEvent.objects.filter(run_id=objective_id).order_by("seq")
    yield from rows.filter(
        kind__in=stored([EventKind.USER_MESSAGE, *_OF_ANSWERS]), seq__lt=open_since or _NEVER
    )
    if open_since is not None:
        kinds = stored([EventKind.USER_MESSAGE, *_OF_ANSWERS, *_WHILE_OPEN])
        yield from rows.filter(kind__in=kinds, seq__gte=open_since)


def _read(rows: Iterable[RunEvent], base_url: str) -> list[Message]:
    found: list[Message] = []
    turn = Turn(base_url, ends_after=_NEVER)
    for row in map(present, rows):
        if row.kind == EventKind.USER_MESSAGE:
            message = _heard(row, base_url)
            found.append(message)
            turn = Turn(base_url, ends_after=_NEVER)
            turn.tell(row.seq, row.kind, {**row.data, "message_id": message.id})
            continue
        pieces = turn.tell(row.seq, row.kind, row.data)
        if row.kind in {EventKind.INTERRUPTED, EventKind.FAILED, EventKind.CANCELLED}:
            pieces = list(turn.give_up())
        if pieces and (not found or found[-1].role == "user"):
            if not turn.is_begun:
                continue  # nothing was said before it ended
            found.append(Message(turn.message_id, "assistant", row.run_id, row.seq, row.at))
        for piece in pieces:
            _put(found[-1], piece)
        if row.data.get("is_partial"):
            found[-1].is_partial = True
    return found


def _heard(row: RunEvent, base_url: str) -> Message:
    message_id = row.data.get("message_id") or str(row.event_id)
    parts: list[Json] = [{"type": "text", "text": row.data["content"], "state": "done"}]
    for place, file in enumerate(row.data.get("files", ())):
        url = base_url + file_path(message_id, place)
        parts.append({"type": "file", "mediaType": file["mime_type"], "url": url, "filename": file["name"]})
    return Message(
        message_id, "user", row.run_id, row.seq, row.at, parts, author_id=row.data.get("caused_by")
    )


def file_path(message_id: str, place: int) -> str:
    """The path of a message's file, signed now, for 15 minutes."""
    return signed_path("message-file", file_id(uuid.UUID(message_id), place), kind=FILE_TOKEN)


def _put(message: Message, piece: Piece) -> None:  # noqa: C901, PLR0912 - one case a piece
    """Add a piece to an answer."""
    parts = message.parts
    match piece:
        case StepBegun():
            parts.append({"type": "step-start"})
        case TextBegun():
            parts.append({"type": "text", "text": "", "state": "streaming"})
        case TextAdded(text=text):
            _newest_text(parts)["text"] += text
        case TextEnded(is_dropped=is_dropped):
            _newest_text(parts)["state"] = "done"
            if is_dropped:
                parts.remove(_newest_text(parts))
        case Thought(text=text):
            parts.append({"type": "reasoning", "text": text, "state": "done"})
        case Called(call_id=call_id, name=name, arguments=arguments):
            part = {"type": "dynamic-tool", "toolName": name, "toolCallId": call_id}
            parts.append({**part, "state": "input-available", "input": read_arguments(arguments)})
        case ApprovalAsked(call_id=call_id):
            _call(parts, call_id).update(state="approval-requested", approval={"id": call_id})
        case Decided():
            _put_decision(_call(parts, piece.call_id), piece)
        case Returned(call_id=call_id, output=output, files=files):
            _call(parts, call_id).update(state="output-available", output=output)
            parts += [{"type": "file", "url": file["url"], "mediaType": file["media_type"]} for file in files]
        case CallFailed(call_id=call_id, message=text):
            _call(parts, call_id).update(state="output-error", errorText=text)
        case Ended(ending=ending):
            message.is_partial = message.is_partial or ending in {"aborted", "error"}
        case _:
            pass


def _put_decision(part: Json, piece: Decided) -> None:
    about = {
        "id": piece.call_id,
        "approved": piece.is_approved,
        **({"reason": piece.memo} if piece.memo else {}),
    }
    part.update(approval=about, state="approval-responded" if piece.is_approved else "output-denied")


def _newest_text(parts: Sequence[Json]) -> Json:
    return next(part for part in reversed(parts) if part["type"] == "text")


def _call(parts: Sequence[Json], call_id: str) -> Json:
    """The part of a call; one of a log whose beginning is gone stands for itself."""
    return next((part for part in parts if part.get("toolCallId") == call_id), {})
