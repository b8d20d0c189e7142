"""An objective's log as entries of a timeline, each in words."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from executions.admin.kit.timeline import Entry
from executions.runs.event_kinds import EventKind
from executions.runs.models import RunEvent
from objectives.admin.calls import ShownCall
from objectives.models import ErrorType, FinishReason, Objective, Step
from objectives.representations.events import type_of
from spaces.admin.kit.formatting import dollars, pretty_json
from spaces.models import Principal
from spaces.phrases import in_words

MOST_ENTRIES = 400  # the newest; the API has the others
# The state whose colour an entry has.
_COLOURS: dict[str, str] = {
    EventKind.APPROVAL_REQUESTED: "waiting",
    EventKind.APPROVED: "succeeded",
    EventKind.DENIED: "failed",
    EventKind.CALLED: "running",
    EventKind.PROVIDER_LOST: "waiting",
    EventKind.PROVIDER_FOUND: "succeeded",
    EventKind.CONTINUED: "running",
    EventKind.CANCELLED: "cancelled",
    EventKind.TIMED_OUT: "failed",
    EventKind.FINALIZED: "succeeded",
    EventKind.FAILED: "failed",
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
        cause = event.data.get("caused_by")
        return self.people.get(uuid.UUID(cause), "somebody") if cause else ""

    def call_name(self, payload: Mapping[str, Any]) -> str:
        """What the call that an event is about was called as."""
        shown = self.calls.get(uuid.UUID(payload["call_id"]))
        return shown.call.called_as if shown else "a tool"


def read_people(events: Iterable[RunEvent]) -> dict[uuid.UUID, str]:
    """The names of those who caused these events, in one query."""
    ids = {event.data["caused_by"] for event in events if "caused_by" in event.data}
    return {each.pk: str(each) for each in Principal.objects.filter(pk__in=ids)}


def entries_of(events: Sequence[RunEvent], known: Known) -> list[Entry]:
    """The events in words, in their order."""
    began = known.objective.created_at
    return [_entry(event, known, in_words(event.at - began)) for event in events]


def _entry(event: RunEvent, known: Known, offset: str) -> Entry:
    told = _TOLD.get(event.kind, _plain)(event, event.data, known)
    state = {"state": _COLOURS[event.kind]} if event.kind in _COLOURS else {}
    return Entry(seq=event.seq, at=event.at, offset=offset, kind=type_of(event), **{**state, **told})


def _message(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
    return {"title": known.name_of(event) or "Somebody", "text": payload["content"]}


def _response(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
    step = known.steps.get(event.at)
    ids = [uuid.UUID(call["call_id"]) for call in payload["tool_calls"]]
    return {
        "title": str(known.objective.agent),
        "text": payload.get("content", ""),
        "note": _ending(payload) or _spent(step, _seconds(event)),
        **({"state": "failed"} if "finish_reason" in payload else {}),
        "calls": [known.calls[one] for one in ids if one in known.calls],
    }


def _ending(payload: dict[str, Any]) -> str:
    """`Partial · Broken off: somebody stopped it`; "" for a response that is whole."""
    reason = payload.get("finish_reason", "")
    why = FinishReason(reason).label if reason in FinishReason.values else reason
    return " · ".join(filter(None, ["Partial" if payload.get("is_partial") else "", why]))


def _spent(step: Step | None, seconds: str) -> str:
    """`demo · 120 → 30 tokens · $0 · 1.20 s`."""
    if step is None:
        return seconds
    cost = "cost unknown" if step.cost_usd is None else dollars(step.cost_usd)
    tokens = f"{step.input_tokens:,} → {step.output_tokens:,} tokens"
    return " · ".join(filter(None, [step.model_name, tokens, cost, seconds]))


def _seconds(event: RunEvent) -> str:
    """How long it took; "" for what takes no time."""
    began = event.data.get("started_at")
    taken = event.at - datetime.fromisoformat(began) if began else None
    return f"{max(taken.total_seconds(), 0):.2f} s" if taken is not None else ""


def _state(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    state = payload["state"]
    return {"title": state.replace("_", " ").capitalize(), "note": payload.get("message", ""), "state": state}


def _of_call(words: str) -> Any:
    def tell(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
        by = known.name_of(event)
        return {
            "title": words.format(known.call_name(payload)) + (f" by {by}" if by else ""),
            "note": payload.get("memo", ""),
        }

    return tell


def _returned(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
    is_error, seconds = payload["is_error"], _seconds(event)
    return {
        "title": f"{known.call_name(payload)} {'failed' if is_error else 'completed'}",
        "note": payload.get("summary") or (seconds and f"after {seconds}"),
        "state": "failed" if is_error else "succeeded",
    }


def _sub_agent(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    return {
        "title": f"Sub-agent {payload['agent'].get('name', '')}".rstrip(),
        "note": payload.get("state", "begins"),
        "text": payload.get("task") or payload.get("message") or "",
        "link": reverse("admin:objectives_objective_change", args=(payload["objective_id"],)),
        "link_name": "objective →",
    }


def _reasoning(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    return {"title": "Thinks", "detail": payload["content"]}


def _finalized(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    return {"title": "Output", "detail": pretty_json(payload.get("output")), "is_json": True}


def _compacted(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    number = payload["message_count"]
    return {
        "title": "New context window",
        "note": f"{number} messages compacted",
        "detail": payload.get("summary", ""),
    }


def _ended(_: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    why = payload.get("error_type", "")
    note = ErrorType(why).label if why in ErrorType.values else why
    return {"title": payload.get("message") or "Over", "note": note}


def _provider(event: RunEvent, payload: dict[str, Any], __: Known) -> dict[str, Any]:
    title = "Provider unavailable" if event.kind == EventKind.PROVIDER_LOST else "Provider available"
    return {"title": title, "note": payload["message"]}


def _continued(event: RunEvent, payload: dict[str, Any], known: Known) -> dict[str, Any]:
    return {"title": f"Continued by {known.name_of(event) or 'somebody'}", "note": payload["message"]}


def _plain(event: RunEvent, payload: dict[str, Any], _: Known) -> dict[str, Any]:
    title = payload.get("message") or type_of(event)
    return {"title": title, "detail": pretty_json(payload), "is_json": True}


_TOLD: dict[str, Any] = {
    EventKind.USER_MESSAGE: _message,
    EventKind.ASSISTANT_MESSAGE: _response,
    EventKind.REASONING: _reasoning,
    EventKind.STATE_CHANGED: _state,
    EventKind.APPROVAL_REQUESTED: _of_call("{} needs an approval"),
    EventKind.APPROVED: _of_call("{} approved"),
    EventKind.DENIED: _of_call("{} denied"),
    EventKind.CALLED: _of_call("{} called"),
    EventKind.RETURNED: _returned,
    EventKind.SUB_OBJECTIVE_STARTED: _sub_agent,
    EventKind.SUB_OBJECTIVE_FINISHED: _sub_agent,
    EventKind.COMPACTED: _compacted,
    EventKind.PROVIDER_LOST: _provider,
    EventKind.PROVIDER_FOUND: _provider,
    EventKind.CONTINUED: _continued,
    EventKind.CANCELLED: _ended,
    EventKind.TIMED_OUT: _ended,
    EventKind.INTERRUPTED: _ended,
    EventKind.FAILED: _ended,
    EventKind.FINALIZED: _finalized,
}
