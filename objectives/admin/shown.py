"""How objectives and tool calls read on an admin page."""

import uuid
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from executions.admin.shown import MOST_REASON, pretty_json
from objectives.models import Approval, Execution, Objective, ToolCall
from objectives.spelling import Prefix, read
from spaces.ids import parse_uuid
from spaces.wording import in_words

# The word for what an approved or automatic call does, and the state whose colour it has.
_EXECUTION: dict[str, tuple[str, str]] = {
    Execution.PENDING: ("about to run", "queued"),
    Execution.RUNNING: ("running", "running"),
    Execution.WAITING_FOR_CONTENT: ("waits for content", "waiting"),
    Execution.COMPLETED: ("completed", "succeeded"),
    Execution.ERRORED: ("errored", "failed"),
    Execution.INTERRUPTED: ("given up", "cancelled"),
}


def call_state(call: ToolCall) -> tuple[str, str]:
    """The two axes of a call as one word, and the state whose colour it has."""
    if call.approval == Approval.DENIED:
        return "denied", "failed"
    if call.approval == Approval.WAITING_FOR_APPROVAL and call.execution == Execution.PENDING:
        return ("being judged", "running") if call.awaits_judgement else ("waits for approval", "waiting")
    return _EXECUTION[call.execution]


def badge(word: str, state: str) -> SafeString:
    """A word in the colour of a state; the colours are in callboard.css and objectives.css."""
    return format_html('<span class="cb-badge" data-state="{}">{}</span>', state, word)


def objective_badge(state: str) -> SafeString:
    return badge(state.replace("_", " "), state)


def failure(objective: Objective) -> str:
    """Why it failed, in a line; "" where it has not."""
    if not objective.error_type:
        return ""
    return objective.state_message[:MOST_REASON] or objective.get_error_type_display()


def link_to(row: Model | None) -> SafeString | str:
    """A row's name that leads to its page; a dash for None."""
    if row is None:
        return "–"
    options = row._meta
    url = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=(row.pk,))
    return format_html('<a class="cb-link" href="{}">{}</a>', url, row)


def json_block(value: Any) -> SafeString | str:
    """Indented JSON; a dash for nothing."""
    return (
        "–"
        if value in (None, {}, [], "")
        else format_html('<pre class="cb-json">{}</pre>', pretty_json(value))
    )


def text_block(text: str) -> SafeString | str:
    """A text with its lines; a dash for none."""
    return format_html('<pre class="cb-json">{}</pre>', text) if text else "–"


def age(moment: datetime, now: datetime) -> str:
    """`42.0 s`, `12 min 05 s`, `3 h 07 min`, `4 days`."""
    days = (now - moment).days
    return f"{days} days" if days > 2 else in_words(now - moment)


def row_id(prefix: Prefix, text: str) -> uuid.UUID | None:
    """The id that an operator pasted, in either spelling; None for any other text."""
    return read(prefix, text.strip()) or parse_uuid(text.strip().lower())
