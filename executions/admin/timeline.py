"""An execution's log as entries of a timeline: texts are joined, a call and its return are one."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, ClassVar

from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from executions.admin.kit.timeline import Entry
from executions.models import SkillExecution
from executions.runs.models import RunEvent
from spaces.admin.kit.formatting import dollars, pretty_json
from spaces.phrases import in_words

MOST_EVENTS = 3000  # the newest; the API has the others
MOST_TEXT = 200_000  # characters of one joined text
_COLOURS = {
    "execution.queued": "queued",
    "execution.started": "running",
    "execution.retried": "queued",
    "execution.succeeded": "succeeded",
    "execution.failed": "failed",
    "execution.cancelled": "cancelled",
}
_TITLES = {
    "execution.cancel_requested": "Asked to stop",
    "execution.succeeded": "Succeeded",
    "execution.cancelled": "Cancelled",
}


class Timeline:
    """Entries that grow event by event; times count from when the execution first began."""

    def __init__(self, execution: SkillExecution, events: Iterable[RunEvent], *, has_older: bool) -> None:
        self.entries: list[Entry] = []
        self.fraction: float | None = None  # of the work, as its newest progress tells
        self.message = ""
        self._queued_at = execution.created_at
        self._started_at = execution.started_at if has_older else None
        self._step: tuple[str, Entry] | None = None  # what the newest progress is of
        self._open: dict[str, Entry] = {}  # calls of tools and of other skills, by their ids
        for event in events:
            self._TOLD.get(event.kind, Timeline._unknown)(self, event)

    @property
    def percent(self) -> int | None:
        return None if self.fraction is None else round(min(max(self.fraction, 0), 1) * 100)

    def _add(self, event: RunEvent, title: str = "", note: str = "", **more: Any) -> Entry:
        offset = in_words(event.at - (self._started_at or self._queued_at))
        if self.entries:
            self.entries[-1].is_open = False
        state = _COLOURS.get(event.kind, "")
        entry = Entry(event.seq, event.at, offset, event.kind, title, note, **{"state": state, **more})
        self.entries.append(entry)
        return entry

    def _queued(self, event: RunEvent) -> None:
        self._queued_at = event.at
        if event.kind == "execution.retried":
            self._add(event, "Back in the queue", event.data.get("reason") or "")
        else:
            source = event.data.get("source")
            self._add(event, "Queued", f"from {source}" if source else "")

    def _started(self, event: RunEvent) -> None:
        attempt = event.data.get("attempt") or 1
        self._started_at = self._started_at or event.at
        self._step = None
        which = f"attempt {attempt}, " if attempt > 1 else ""
        self._add(event, "Started", f"{which}after {in_words(event.at - self._queued_at)} in the queue")

    def _progressed(self, event: RunEvent) -> None:
        """`Column 2 of 17` goes on with what `Column 1 of 17` began, at the time at which that began."""
        fraction, message = event.data.get("fraction"), event.data.get("message") or ""
        self.fraction, self.message = fraction, message
        share = "" if fraction is None else f"{round(fraction * 100)} %"
        kind = re.sub(r"\d+", "0", message)
        if self._step and (not message or kind == self._step[0]):
            entry = self._step[1]
            entry.title = message or entry.title
            entry.note = f"{share} after {in_words(event.at - entry.at)}".strip()
        else:
            # A new step ends a text that was being written, so that each stands where it happened.
            self._step = kind, self._add(event, message or "Progress", share, is_name=True)

    def _text(self, event: RunEvent) -> None:
        if event.data.get("stream") == "stderr":
            self._add(
                event, "Standard error", text=event.data["text"][-MOST_TEXT:], look="cb-streamed is-result"
            )
            return
        if not self.entries or not self.entries[-1].is_open:
            self._add(event, look="cb-streamed", is_open=True)
        entry = self.entries[-1]
        entry.text = (entry.text + event.data["text"])[-MOST_TEXT:]

    def _tool_called(self, event: RunEvent) -> None:
        given = event.data.get("arguments")
        detail = pretty_json(given) if given else ""
        entry = self._add(event, event.data["name"], "…", detail=detail, is_json=True)
        self._open[event.data["call_id"]] = entry

    def _tool_returned(self, event: RunEvent) -> None:
        is_error, summary = event.data.get("is_error"), event.data.get("summary") or ""
        word = "failed" if is_error else "returned"
        entry = self._open.pop(event.data["call_id"], None)
        if entry is None:
            self._add(event, event.data["name"], word, text=summary, look="cb-streamed is-result")
            return
        entry.note = f"{word} after {in_words(event.at - entry.at)}"
        entry.state = "failed" if is_error else "succeeded"
        entry.text, entry.look = summary, "cb-streamed is-result"
        self.entries[-1].is_open = False

    def _call_started(self, event: RunEvent) -> None:
        url = reverse("admin:executions_skillexecution_change", args=(event.data["execution_id"],))
        name = f"{event.data['skill_slug']} {event.data.get('skill_version') or ''}".strip()
        entry = self._add(event, "Calls", event.data["call_key"], link=url, link_name=name, badge="running")
        self._open[event.data["execution_id"]] = entry

    def _call_finished(self, event: RunEvent) -> None:
        entry = self._open.pop(event.data["execution_id"], None) or self._add(event, "A call is over")
        entry.badge = event.data["state"]
        entry.note = event.data.get("failure_reason") or entry.note

    def _failed(self, event: RunEvent) -> None:
        message = (event.data.get("error") or {}).get("message") or ""
        self._add(event, "Failed", f"{event.data.get('failure_reason')}: {message}".removesuffix(": "))

    def _kept(self, event: RunEvent) -> None:
        size = filesizeformat(event.data.get("size_bytes"))
        self._add(event, event.data["relpath_in_workspace"], f"kept, {size}")

    def _used(self, event: RunEvent) -> None:
        told = event.data
        tokens = f"{told.get('input_tokens', 0):,} → {told.get('output_tokens', 0):,} tokens"
        cost = dollars(Decimal(told.get("cost_usd") or 0))
        self._add(event, told.get("model") or "Usage", f"{tokens} · {cost}", is_name=True)

    def _plain(self, event: RunEvent) -> None:
        self._add(event, _TITLES[event.kind])

    def _unknown(self, event: RunEvent) -> None:
        self._add(event, event.kind, detail=pretty_json(event.data) if event.data else "", is_json=True)

    _TOLD: ClassVar[dict[str, Callable[[Any, RunEvent], None]]] = {
        "execution.queued": _queued,
        "execution.retried": _queued,
        "execution.started": _started,
        "execution.progressed": _progressed,
        "execution.failed": _failed,
        **dict.fromkeys(_TITLES, _plain),
        "text.appended": _text,
        "tool.called": _tool_called,
        "tool.returned": _tool_returned,
        "artifact.committed": _kept,
        "usage.recorded": _used,
        "sub_execution.started": _call_started,
        "sub_execution.finished": _call_finished,
    }
