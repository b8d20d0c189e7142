"""What carrying out a tool call gave: content for its result, or why there is none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from executions.runs.log import NewEvent
from objectives.models import CallError

MOST_TEXT = 200_000  # characters of a text that an overlay or a person writes
PLAIN = "text/plain; charset=utf-8"
_MEDIA_TYPE = re.compile(r"(?:image|audio)/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")


@dataclass(frozen=True, slots=True)
class Text:
    """A block of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A text too long to be read at once: its first and last characters, and how many it has in all.

    `sha256` names the `spaces.models.Blob` of the whole of it, which is UTF-8.
    """

    head: str
    tail: str
    characters: int
    sha256: str
    size_bytes: int
    kind: Literal["text"] = "text"
    mime_type: str = PLAIN


@dataclass(frozen=True, slots=True)
class Media:
    """An image, a sound or another file whose bytes are kept already: `sha256` names their Blob."""

    kind: Literal["image", "audio", "file"]
    sha256: str
    mime_type: str
    size_bytes: int


type Draft = Text | Cut | Media


@dataclass(frozen=True, slots=True)
class Outcome:
    """Content blocks in order; `error` (what it is, a sentence for the model) means that there is no result.

    `note` stands after the content, whatever overlays make of that: what the model must know of it.
    Whatever a sentence says may be read by everybody who may read the tool call: no secrets, no addresses
    that a secret was templated into.
    """

    drafts: Sequence[Draft] = ()
    note: str = ""
    error: tuple[CallError, str] | None = None

    @property
    def content(self) -> Sequence[Draft]:
        """All blocks, the note among them."""
        return [*self.drafts, Text(self.note)] if self.note else self.drafts

    @classmethod
    def failed(cls, error: CallError, message: str) -> "Outcome":
        return cls(error=(error, message))


@dataclass(frozen=True, slots=True)
class Started:
    """What handing a call over to another run gave: events for its objective's log, in order.

    `outcome` is None where the other run was made (the call's `run_id` says which), else why it was not.
    """

    events: Sequence[NewEvent] = ()
    outcome: Outcome | None = None


def media_type(given: str) -> str:
    """`image/png` of a Content-Type, without parameters; "" where it names no image and no sound."""
    plain = given.partition(";")[0].strip().lower()
    return plain if _MEDIA_TYPE.fullmatch(plain) else ""
