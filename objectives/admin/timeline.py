"""An objective's log as entries of a timeline, each in words."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from executions.admin.kit.timeline import Entry
from executions.runlog.models import RunEvent
from objectives.admin.calls import ShownCall
from objectives.events import Kind
from objectives.models import Ending, ErrorType, Objective, Step
from objectives.spelling import Prefix, read
from spaces.admin.kit.formatting import dollars, pretty_json
from spaces.models import Principal
from spaces.wording import in_words

MOST_ENTRIES = 400  # the newest; the API has the others
# The state whose colour an entry has.
_COLOURS: dict[str, str] = {
    Kind.APPROVAL_REQUESTED: "waiting",
    Kind.APPROVED: "succeeded",
    Kind.DENIED: "failed",
    Kind.CALLED: "running",
    Kind.RESULT: "succeeded",
    Kind.ERROR: "failed",
    Kind.PROVIDER_LOST: "waiting",
    Kind.PROVIDER_FOUND: "succeeded",
    Kind.CONTINUED: "running",
    Kind.CANCELLED: "cancelled",
    Kind.TIMED_OUT: "failed",
    Kind.FINALIZED: "succeeded",
    Kind.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What belongs to the events of one objective, read before they are put into words."""

    objective: Objective
    people: Mapping[uuid.UUID, str]
    calls: Mapping[uuid.UUID, ShownCall]
    steps: Mapping[datetime, Step]

    def name_of(self, event: RunEvent) -> str:
        """Who caused it; "" where nobody is named."""
        text = event.data.get("profileId")
        cause = read(Prefix.PROFILE, text) if text else None
        return self.people.get(cause, "somebody") if cause else ""

    def call_name(self, payload: Mapping[str, Any]) -> str:
        """What the call that an event is about was called as."""
        call_id = read(Prefix.TOOL_CALL, str(payload.get("toolCallId", "")))
        shown = self.calls.get(call_id) if call_id else None
        return shown.call.called_as if shown else "a tool"


def read_people(events: Iterable[RunEvent]) -> dict[uuid.UUID, str]:
    """The names of those who caused these events, in one query."""
    ids = {read(Prefix.PROFILE, event.data["profileId"]) for event in events if "profileId" in event.data}
    return {each.pk: str(each) for each in Principal.objects.filter(pk__in=[one for one in ids if one])}


def entries_of(events: Sequence[RunEvent], known: Known) -> list[Entry]:
    """The events in words, in their order."""
    began = known.objective.created_at
    return [_entry(event, known, in_words(event.at - began)) for event in events]


def _entry(event: RunEvent, known: Known, offset: str) -> Entry:
    payload: dict[str, Any] = event.data[event.data["type"]]
    told = _TOLD.get(event.kind, _plain)(event, payload, known)
    state = {"state": _COLOURS[event.kind]} if event.kind in _COLOURS else {}
    return Entry(seq=event.seq, at=event.at, offset=offset, kind=event.data["type"], **{**state, **told})


def _message(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
    return {"title": known.name_of(event) or "Somebody", "text": payload["content"]}


def _response(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
    step = known.steps.get(event.at)
    ids = [read(Prefix.TOOL_CALL, call.get("toolCallId", "")) for call in payload["toolCalls"]]
    return {
        "title": str(known.objective.agent),
        "text": payload.get("content", ""),
        "note": _ending(payload) or _spent(step, event.data.get("duration", "")),
        **({"state": "failed"} if "finishReason" in payload else {}),
        "calls": [known.calls[one] for one in ids if one is not None and one in known.calls],
    }


def _ending(payload: dict[str, Any]) -> str:
    """`Partial · Broken off: somebody stopped it`; "" for a response that is whole."""
    reason = payload.get("finishReason", "")
    why = Ending(reason).label if reason in Ending.values else reason
    return " · ".join(filter(None, ["Partial" if payload.get("partial") else "", why]))


def _spent(step: Step | None, duration: str) -> str:
    """`demo · 120 → 30 tokens · $0 · 1.2s`."""
    if step is None:
        return duration
    cost = "cost unknown" if step.cost_usd is None else dollars(step.cost_usd)
    tokens = f"{step.input_tokens:,} → {step.output_tokens:,} tokens"
    parts = [step.model_name, tokens, cost, duration and f"{float(duration.rstrip('s')):.2f} s"]
    return " · ".join(filter(None, parts))


def _state(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    state = payload["toState"].removeprefix("OBJECTIVE_STATE_").lower()
    return {"title": state.replace("_", " ").capitalize(), "note": payload.get("message", ""), "state": state}


def _of_call(words: str) -> Any:
    def tell(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
        by = known.name_of(event)
        return {
            "title": words.format(known.call_name(payload)) + (f" by {by}" if by else ""),
            "note": payload.get("memo") or payload.get("message") or _after(event),
        }

    return tell


def _after(event: RunEvent) -> str:
    duration = event.data.get("duration", "")
    return f"after {float(duration.rstrip('s')):.2f} s" if duration else ""


def _sub_agent(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    agent = payload.get("agent") or {}
    name = agent.get("name") or next((part["name"] for part in agent.values() if isinstance(part, dict)), "")
    child = (payload.get("objective") or {}).get("id", "")
    status = str(payload.get("status", "")).removeprefix("STATUS_").lower()
    return {
        "title": f"Sub-agent {name}".rstrip(),
        "note": status or "begins",
        "text": payload.get("task") or payload.get("message") or "",
        "link": reverse("admin:objectives_objective_change", args=(child,)) if child else "",
        "link_name": "objective →",
    }


def _reasoning(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    return {"title": "Thinks", "detail": payload["content"]}


def _finalized(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    return {"title": "Output", "detail": pretty_json(payload.get("output")), "is_json": True}


def _compacted(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    number = payload.get("messagesCompacted", 0)
    return {
        "title": "New context window",
        "note": f"{number} messages compacted",
        "detail": payload.get("summary", ""),
    }


def _ended(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    why = payload.get("type", "")
    note = ErrorType(why).label if why in ErrorType.values else why
    return {"title": payload.get("message") or "Over", "note": note}


def _provider(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    title = "Provider unavailable" if payload["level"] == "LEVEL_WARN" else "Provider available"
    return {"title": title, "note": payload["message"]}


def _continued(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
    return {"title": f"Continued by {known.name_of(event) or 'somebody'}", "note": payload["message"]}


def _plain(event: RunEvent, payload: dict[str, Any], _: Known) -> dict[str, Any]:
    title = payload.get("message") or event.data["type"]
    return {"title": title, "detail": pretty_json(payload), "is_json": True}


_TOLD: dict[str, Any] = {
    Kind.USER_MESSAGE: _message,
    Kind.ASSISTANT_MESSAGE: _response,
    Kind.REASONING: _reasoning,
    Kind.STATE_CHANGED: _state,
    Kind.APPROVAL_REQUESTED: _of_call("{} needs an approval"),
    Kind.APPROVED: _of_call("{} approved"),
    Kind.DENIED: _of_call("{} denied"),
    Kind.CALLED: _of_call("{} called"),
    Kind.RESULT: _of_call("{} completed"),
    Kind.ERROR: _of_call("{} failed"),
    Kind.SUB_AGENT_SPAWNED: _sub_agent,
    Kind.SUB_AGENT_UPDATED: _sub_agent,
    Kind.COMPACTED: _compacted,
    Kind.PROVIDER_LOST: _provider,
    Kind.PROVIDER_FOUND: _provider,
    Kind.CONTINUED: _continued,
    Kind.CANCELLED: _ended,
    Kind.TIMED_OUT: _ended,
    Kind.INTERRUPTED: _ended,
    Kind.FAILED: _ended,
    Kind.FINALIZED: _finalized,
}
