"""What carrying out a tool call gave: content for its result, or why there is none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from executions.runlog.events import NewEvent
from objectives.models import CallError

MOST_TEXT = 200_000  # characters of a text block that a tool gives
_MEDIA_TYPE = re.compile(r"(?:image|audio)/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")


@dataclass(frozen=True, slots=True)
class Text:
    """A block of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Media:
    """An image or a sound whose bytes are kept already: `sha256` names their `spaces.models.Blob`."""

    kind: Literal["image", "audio"]
    sha256: str
    mime_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Content blocks in order; `error` (what it is, a sentence for the model) means that there is no result.

    Whatever a sentence says may be read by everybody who may read the tool call: no secrets, no addresses
    that a secret was templated into.
    """

    drafts: Sequence[Text | Media] = ()
    error: tuple[CallError, str] | None = None

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
