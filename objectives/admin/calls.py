"""A tool call as the admin draws it: state, decision, arguments, result, and what carries it out."""

import json
import uuid
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from objectives.ids import Prefix, spell
from objectives.models import ApprovalStatus, CallKind, ExecutionStatus, ToolCall
from objectives.tool_results.blocks import media_path
from spaces.admin.kit.formatting import duration, pretty_json

MOST_TEXT = 20_000  # characters of a result's text on a page
# The word for what an approved or automatic call does, and the state whose colour it has.
_EXECUTION: dict[str, tuple[str, str]] = {
    ExecutionStatus.PENDING: ("about to run", "queued"),
    ExecutionStatus.RUNNING: ("running", "running"),
    ExecutionStatus.WAITING_FOR_CONTENT: ("waits for content", "waiting"),
    ExecutionStatus.COMPLETED: ("completed", "succeeded"),
    ExecutionStatus.ERRORED: ("errored", "failed"),
    ExecutionStatus.INTERRUPTED: ("given up", "cancelled"),
}


def call_state(call: ToolCall) -> tuple[str, str]:
    """The two axes of a call as one word, and the state whose colour it has."""
    if call.approval == ApprovalStatus.DENIED:
        return "denied", "failed"
    if call.approval == ApprovalStatus.WAITING_FOR_APPROVAL and call.execution == ExecutionStatus.PENDING:
        return ("being judged", "running") if call.awaits_judgement else ("waits for approval", "waiting")
    return _EXECUTION[call.execution]


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a result; media by a link that lives for 15 minutes.

    The link of a text leads to the whole of what it stands for.
    """

    kind: str
    text: str = ""
    is_json: bool = False
    url: str = ""
    mime_type: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """A question of an auto mode, and the score that it was given; both numbers from 0 to 1."""

    question: str
    threshold: float
    score: float
    is_passed: bool


@dataclass(frozen=True)
class ShownCall:
    """One call (with `decided_by` at hand); `tool_set` is the name of the tool's set."""

    call: ToolCall
    tool_set: str = ""

    @property
    def word(self) -> str:
        return call_state(self.call)[0]

    @property
    def state(self) -> str:
        """The state whose colour it has."""
        return call_state(self.call)[1]

    @property
    def public_id(self) -> str:
        return spell(Prefix.TOOL_CALL, self.call.id)

    @property
    def is_to_be_decided(self) -> bool:
        return self.word == "waits for approval"

    @property
    def is_to_be_answered(self) -> bool:
        return self.word == "waits for content"

    @property
    def decision(self) -> str:
        """Who decided, in words; "" where nobody had to, or has not yet."""
        if self.call.approval == ApprovalStatus.WAITING_FOR_APPROVAL or self.call.decided_at is None:
            return ""
        verb = "Denied" if self.call.approval == ApprovalStatus.DENIED else "Approved"
        by = self.call.decided_by
        if by is not None:
            return f"{verb} by {by}"
        expired = self.call.approval_expires_at is not None
        return f"{verb} by default, since nobody decided in time" if expired else f"{verb} by auto mode"

    @property
    def answered(self) -> list[Answered]:
        """How auto mode's questions were answered; none where it was not asked."""
        scores = self.call.decision_scores
        if scores is None:
            return []
        return [
            Answered(asked["question"], asked["threshold"], given["score"], given["passed"])
            for asked, given in zip(scores["autoMode"]["questions"], scores["scores"], strict=True)
        ]

    @property
    def took(self) -> str:
        """How long it ran, or runs by now; a dash before it began."""
        return duration(self.call.started_at, self.call.settled_at)

    @property
    def run_url(self) -> str | None:
        """The page of the skill execution or sub-agent that carries it out."""
        model = {CallKind.SKILL: "executions_skillexecution", CallKind.AGENT: "objectives_objective"}
        name = model.get(CallKind(self.call.kind))
        if name is None or self.call.run_id is None:
            return None
        return reverse(f"admin:{name}_change", args=(self.call.run_id,))

    @property
    def kind_shown(self) -> str:
        """What was called: the set of a tool, else the kind."""
        return f"{self.tool_set} tool" if self.tool_set else self.call.get_kind_display()

    @cached_property
    def arguments(self) -> str:
        return self.call.raw_arguments or (pretty_json(self.call.arguments) if self.call.arguments else "")

    @cached_property
    def blocks(self) -> list[Block]:
        return [_block(stored) for stored in self.call.result or ()]


def read_calls(rows: "QuerySet[ToolCall]") -> list[ToolCall]:
    """Calls in the order in which they were asked for, with what a page shows of them, in one query."""
    return list(rows.select_related("decided_by", "step").defer("step__request", "step__response"))


def _readable(text: str) -> str:
    """A text that is a JSON object or array with its lines and indents; any other as it is."""
    if text[:1] not in {"{", "["} or len(text) > MOST_TEXT:
        return text
    try:
        return pretty_json(json.loads(text))
    except ValueError:
        return text


def _block(stored: dict[str, Any]) -> Block:
    if stored["type"] == "text":
        given = str(stored["text"])
        text = _readable(given)
        rest = len(text) - MOST_TEXT
        shown = text if rest <= 0 else f"{text[:MOST_TEXT]}\n… {rest:,} more characters"
        block = Block("text", shown, is_json=text is not given)
        return replace(block, **_linked(stored, "whole_id")) if "whole_id" in stored else block
    return Block(kind=stored["type"], **_linked(stored, "media_id"))


def _linked(stored: dict[str, Any], key: str) -> dict[str, Any]:
    """What a block shows of bytes that are kept."""
    return {
        "url": media_path(uuid.UUID(stored[key])),
        "mime_type": stored["mime_type"],
        "size_bytes": stored["size_bytes"],
    }
