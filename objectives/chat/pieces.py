"""What a client is told of a turn, whatever its format: pieces, in the order in which they happen."""

from dataclasses import dataclass
from typing import Literal

from objectives.ids import Json

type Ending = Literal["stop", "tool-calls", "error", "aborted", "heard", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Begun:
    """The answer begins, under the id that it keeps."""

    message_id: str


@dataclass(frozen=True, slots=True)
class StepBegun:
    """One response of the model begins."""


@dataclass(frozen=True, slots=True)
class TextBegun:
    """A stretch of text begins."""

    text_id: str


@dataclass(frozen=True, slots=True)
class TextAdded:
    """A piece of it."""

    text_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TextEnded:
    """It is whole; `is_dropped` where it is to be forgotten, since the turn is asked anew."""

    text_id: str
    is_dropped: bool = False


@dataclass(frozen=True, slots=True)
class Thought:
    """What the model thought, whole."""

    thought_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """The model asks for a call; `call_id` is the public id, `arguments` what the model wrote (JSON text)."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A call waits for people."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Decided:
    """Somebody (None: a default, after an expiry) has decided about a call."""

    call_id: str
    is_approved: bool
    by: str | None
    memo: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A call has its result; `files` are {url, media_type} of what is no text, with links of 15 minutes."""

    call_id: str
    output: object
    files: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call has ended without one."""

    call_id: str
    message: str


@dataclass(frozen=True, slots=True)
class StepEnded:
    """The response is whole (or broken off); its tokens by kind."""

    usage: Json
    has_calls: bool


@dataclass(frozen=True, slots=True)
class ProviderNews:
    """The model's provider is away, or back."""

    is_available: bool
    message: str
    next_try_at: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes in this turn."""

    ending: Ending
    message: str = ""


type Piece = (
    Begun
    | StepBegun
    | TextBegun
    | TextAdded
    | TextEnded
    | Thought
    | Called
    | ApprovalAsked
    | Decided
    | Returned
    | CallFailed
    | StepEnded
    | ProviderNews
    | Ended
)
