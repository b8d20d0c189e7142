"""What a runner says about its run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from executions.actions.leased import Progress, Usage, record, record_late_usage
from executions.postgres_text import storable, storable_text
from executions.runs.event_kinds import EventKind
from executions.runs.log import NewEvent
from executions.runs.recorder import TEXT_LIMIT, BatchedRecorder

MESSAGE_LIMIT = 2000  # characters of a progress message, of what a tool said, and of each text handed to it


@dataclass(frozen=True, slots=True)
class _Said:
    """An event, and what it tells of usage; without an event, that one more turn of the loop began."""

    event: NewEvent | None = None
    usages: Sequence[Usage] = field(default=())


class Recorder(BatchedRecorder[_Said]):
    """Events, usage and turns of an execution; usage was paid for, and is kept though the lease is lost."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.spent_usd = Decimal(0)
        self.declared_artifacts: dict[str, str | None] = {}

    def progress(self, *, fraction: float | None, message: str | None) -> None:
        """`fraction` is 0 to 1, None where it cannot be told; of the message 2,000 characters are kept."""
        shown = None if message is None else message[:MESSAGE_LIMIT]
        self._say(EventKind.PROGRESSED, {"fraction": fraction, "message": shown})

    def text(self, text: str, *, stream: str | None = None) -> None:
        """Text for whoever watches; pieces that wait together become one event of at most 64 Ki.

        `stream` is `stderr` for what is no part of the text that was meant to be read.
        """
        text = storable_text(text)
        said = {} if stream is None else {"stream": stream}
        with self._lock:
            last = self._items[-1].event if self._items else None
            if last is not None and last.kind == EventKind.TEXT and last.data.get("stream") == stream:
                room = TEXT_LIMIT - len(last.data["text"])
                longer = {**said, "text": last.data["text"] + text[:room]}
                self._items[-1] = _Said(NewEvent(last.kind, longer, last.at))
                text = text[room:]
            for start in range(0, len(text), TEXT_LIMIT):
                self._say(EventKind.TEXT, {**said, "text": text[start : start + TEXT_LIMIT]})

    def tool_called(self, *, call_id: str, name: str, arguments: dict[str, Any]) -> None:
        """Of each text in the arguments 2,000 characters are kept: a written file is not an event."""
        self._say(EventKind.CALLED, {"call_id": call_id, "name": name, "arguments": recordable(arguments)})

    def tool_returned(self, *, call_id: str, name: str, is_error: bool, summary: str) -> None:
        """`summary` is the beginning of what the tool said, at most 2,000 characters."""
        data = {"call_id": call_id, "name": name, "is_error": is_error, "summary": summary[:MESSAGE_LIMIT]}
        self._say(EventKind.RETURNED, data)

    def usage(self, *, model: str | None, input_tokens: int, output_tokens: int, cost_usd: Decimal) -> None:
        """Tokens and US dollars of one model request, or as a script reports them; also added to the row."""
        data = {
            "model": model,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cost_usd": f"{cost_usd:f}",
        }
        with self._lock:
            self.spent_usd += cost_usd
            self._say(EventKind.USAGE_RECORDED, data, Usage(model, input_tokens, output_tokens, cost_usd))

    def iteration(self) -> None:
        """Count one more turn of the run's loop."""
        self.add(_Said())

    def declare_artifact(self, relpath: str, document_type: str | None) -> None:
        """Name a workspace file that is to be kept when the run is over."""
        with self._lock:
            self.declared_artifacts[relpath] = document_type

    def _say(self, kind: EventKind, data: dict[str, Any], *usages: Usage) -> None:
        self.add(_Said(NewEvent(kind, storable(data), self._clock()), usages))

    def _is_heard(self, item: _Said) -> bool:
        return item.event is not None

    def _write(self, items: Sequence[_Said]) -> None:
        events = [said.event for said in items if said.event is not None]
        record(lease=self._lease, progress=Progress(events, _usages(items), len(items) - len(events)))

    def _lose(self, items: Sequence[_Said]) -> None:
        usages = _usages(items)
        if usages:
            record_late_usage(execution_id=self._lease.run_id, usages=usages, now=self._clock())


def _usages(items: Sequence[_Said]) -> list[Usage]:
    return [usage for said in items for usage in said.usages]


def recordable(value: Any) -> Any:
    """A JSON value with texts of at most 2,000 characters."""
    if isinstance(value, str) and len(value) > MESSAGE_LIMIT:
        return f"{value[:MESSAGE_LIMIT]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {key: recordable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [recordable(item) for item in value]
    return value
