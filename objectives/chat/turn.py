"""From the events of a log to the pieces of one turn.

A turn begins with what a person said and ends where the objective rests, waits for people, is stopped or
over, or where the next person is heard. All that has been said since is one answer, whose id follows from the
message that it answers: so a stream, a reload and another device call it the same.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from executions.runs.event_kinds import EventKind
from objectives.chat.pieces import (
    ApprovalAsked,
    Begun,
    Called,
    CallFailed,
    Decided,
    Ended,
    Ending,
    Piece,
    ProviderNews,
    Returned,
    StepBegun,
    StepEnded,
    TextAdded,
    TextBegun,
    TextEnded,
    Thought,
)
from objectives.ids import Json, Prefix, spell
from objectives.models import ObjectiveState
from objectives.tool_results.blocks import media_path, tell_model

_ANSWERS = uuid.UUID("6f9d6e2e-5a41-4c0e-9a55-1f2bb2f0c7a1")
GIVEN_UP = "The call was given up: the turn was stopped."


def answer_id(message_id: str) -> str:
    """The id of the answer to a message."""
    return str(uuid.uuid5(_ANSWERS, message_id))


def public_id(call_id: str) -> str:
    """A tool call's id as everybody outside knows it."""
    return spell(Prefix.TOOL_CALL, uuid.UUID(call_id))


def output_of(blocks: list[Json], base_url: str) -> tuple[object, tuple[Json, ...]]:
    """A result as a chat shows it: JSON where its one text is some, else a text; and its media as files."""
    files = tuple(
        {"url": base_url + media_path(uuid.UUID(media)), "media_type": block["mime_type"]}
        for block in blocks
        if (media := block.get("media_id") or block.get("whole_id"))
    )
    text = tell_model(blocks)
    try:
        parsed = json.loads(text)
    except ValueError:
        return text, files
    return (parsed if isinstance(parsed, dict | list) else text), files


@dataclass(slots=True)
class Turn:
    """Where the telling of a turn stands; what it holds is small and copied whenever a batch is told.

    `ends_after` is the number up to which no rest counts: the turn went on afterwards. `rests_at` is the
    number at which it rests although the log says nothing more of it, 0 for none. `waits_for` is the queued
    message whose answer is meant, None for the one that the log begins with.
    """

    base_url: str
    ends_after: int
    rests_at: int = 0
    waits_for: str | None = None
    message_id: str = ""
    is_begun: bool = False
    is_over: bool = False
    in_step: bool = False
    text_id: str = ""
    texts: int = 0
    told: int = 0  # characters of the response's text
    open_calls: tuple[str, ...] = ()

    def copy(self) -> Self:
        return copy(self)

    def tell(self, seq: int, kind: str, facts: Json) -> list[Piece]:
        """The pieces that an event is; none for one that says nothing here."""
        teller = self._TELLERS.get(kind)
        if self.is_over:
            return []
        is_meant = self.waits_for is None or kind in _HEARD_WHILE_QUEUED
        pieces = list(teller(self, seq, facts)) if teller and is_meant else []
        if self.rests_at and seq >= self.rests_at and not self.is_over:
            pieces += self._end("tool-calls" if self.open_calls else "stop")
        return pieces

    def give_up(self) -> Iterator[Piece]:
        """The end of a turn that was stopped, or failed, as a log is read back."""
        if not self.is_over:
            yield from self._end("aborted")

    def _heard(self, seq: int, facts: Json) -> Iterator[Piece]:
        if self.waits_for is not None:
            if facts.get("queued_as") != self.waits_for:
                return
            self.waits_for = None
        elif self.is_begun:
            yield from self._end("heard")
            return
        # Events of before messages had ids say the event's own.
        self.message_id = answer_id(facts.get("message_id") or str(seq))

    def _withdrawn(self, seq: int, facts: Json) -> Iterator[Piece]:
        if self.waits_for == facts["action_id"]:
            self.is_over = True
            yield Ended("withdrawn")

    def _text(self, seq: int, facts: Json) -> Iterator[Piece]:
        yield from self._add(facts["text"])

    def _add(self, text: str) -> Iterator[Piece]:
        if not text:
            return
        yield from self._in_step()
        if not self.text_id:
            self.texts += 1
            self.text_id = f"text-{self.texts}"
            yield TextBegun(self.text_id)
        self.told += len(text)
        yield TextAdded(self.text_id, text)

    def _restarted(self, seq: int, facts: Json) -> Iterator[Piece]:
        yield from self._end_text(is_dropped=True)

    def _thought(self, seq: int, facts: Json) -> Iterator[Piece]:
        yield from self._in_step()
        yield Thought(f"thought-{seq}", facts["content"])

    def _written(self, seq: int, facts: Json) -> Iterator[Piece]:
        yield from self._in_step()
        # What was not streamed: a short answer may come whole, with the response.
        yield from self._add(facts.get("content", "")[self.told :])
        yield from self._end_text()
        calls = facts.get("tool_calls", [])
        for call in calls:
            known = public_id(call["call_id"])
            self.open_calls += (known,)
            yield Called(known, call["name"], call["arguments"])
        yield StepEnded(facts.get("usage", {}), bool(calls))
        self.in_step = False

    def _asked(self, seq: int, facts: Json) -> Iterator[Piece]:
        yield ApprovalAsked(public_id(facts["call_id"]))

    def _approved(self, seq: int, facts: Json) -> Iterator[Piece]:
        yield Decided(public_id(facts["call_id"]), True, facts.get("caused_by"), "")

    def _denied(self, seq: int, facts: Json) -> Iterator[Piece]:
        call_id = public_id(facts["call_id"])
        self._settle(call_id)
        yield Decided(call_id, False, facts.get("caused_by"), facts.get("memo") or "")

    def _returned(self, seq: int, facts: Json) -> Iterator[Piece]:
        call_id = public_id(facts["call_id"])
        self._settle(call_id)
        if facts.get("is_error"):
            yield CallFailed(call_id, facts.get("summary") or "The call failed.")
        else:
            yield Returned(call_id, *output_of(facts.get("content") or [], self.base_url))

    def _provider_lost(self, seq: int, facts: Json) -> Iterator[Piece]:
        yield ProviderNews(False, facts.get("message", ""), facts.get("next_try_at"))

    def _provider_found(self, seq: int, facts: Json) -> Iterator[Piece]:
        yield ProviderNews(True, facts.get("message", ""), None)

    def _state_changed(self, seq: int, facts: Json) -> Iterator[Piece]:
        if seq > self.ends_after and facts["state"] == ObjectiveState.WAITING:
            yield from self._end("tool-calls" if self.open_calls else "stop")

    def _stopped(self, seq: int, facts: Json) -> Iterator[Piece]:
        if seq > self.ends_after:
            yield from self._end("aborted", facts.get("message", ""))

    def _finalized(self, seq: int, facts: Json) -> Iterator[Piece]:
        if seq > self.ends_after:
            yield from self._end("stop")

    def _failed(self, seq: int, facts: Json) -> Iterator[Piece]:
        if seq > self.ends_after:
            yield from self._end("error", facts.get("message", ""))

    def _settle(self, call_id: str) -> None:
        self.open_calls = tuple(one for one in self.open_calls if one != call_id)

    def _in_step(self) -> Iterator[Piece]:
        if not self.is_begun:
            self.is_begun = True
            yield Begun(self.message_id)
        if not self.in_step:
            self.in_step = True
            yield StepBegun()

    def _end_text(self, *, is_dropped: bool = False) -> Iterator[Piece]:
        if self.text_id:
            yield TextEnded(self.text_id, is_dropped)
        self.text_id, self.told = "", 0

    def _end(self, ending: Ending, message: str = "") -> Iterator[Piece]:
        yield from self._end_text()
        if ending in {"aborted", "error"}:
            for call_id in self.open_calls:
                yield CallFailed(call_id, GIVEN_UP)
        if self.in_step:
            yield StepEnded({}, has_calls=False)
        self.in_step, self.is_over = False, True
        yield Ended(ending, message)

    _TELLERS: ClassVar[dict[str, Callable[[Any, int, Json], Iterator[Piece]]]] = {
        EventKind.USER_MESSAGE: _heard,
        EventKind.MESSAGE_WITHDRAWN: _withdrawn,
        EventKind.TEXT: _text,
        EventKind.RESTARTED: _restarted,
        EventKind.REASONING: _thought,
        EventKind.ASSISTANT_MESSAGE: _written,
        EventKind.APPROVAL_REQUESTED: _asked,
        EventKind.APPROVED: _approved,
        EventKind.DENIED: _denied,
        EventKind.RETURNED: _returned,
        EventKind.PROVIDER_LOST: _provider_lost,
        EventKind.PROVIDER_FOUND: _provider_found,
        EventKind.STATE_CHANGED: _state_changed,
        EventKind.INTERRUPTED: _stopped,
        EventKind.CANCELLED: _stopped,
        EventKind.TIMED_OUT: _stopped,
        EventKind.FINALIZED: _finalized,
        EventKind.FAILED: _failed,
    }


# While a queued message is not heard yet, only its fate and the objective's end count.
_HEARD_WHILE_QUEUED = frozenset(
    {
        *(EventKind.USER_MESSAGE, EventKind.MESSAGE_WITHDRAWN),
        *(EventKind.CANCELLED, EventKind.TIMED_OUT, EventKind.FINALIZED, EventKind.FAILED),
    }
)
