"""How values of an execution read on an admin page."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models.fields.json import KT
from django.db.models.functions import Left
from django.utils.html import format_html
from django.utils.safestring import SafeString

from spaces.wording import in_words

MOST_REASON = 300  # characters of an error's message in a list
# The message alone, cut by the database: the whole error may be long. For `annotate`.
ERROR_MESSAGE = Left(KT("error__message"), MOST_REASON)
JSON_LIMIT = 100_000  # characters of one value on a page; the API has the rest


def badge(state: str) -> SafeString:
    """The coloured word of a state; its colours are in callboard.css."""
    return format_html('<span class="cb-badge" data-state="{}">{}</span>', state, state)


def clipped(text: str, look: str = "") -> SafeString | str:
    """A text on one line that ends in … where it is longer than its column, and whole in its title."""
    return (
        format_html('<span class="cb-clip is-text {}" title="{}">{}</span>', look, text, text)
        if text
        else "–"
    )


def below(text: str, look: str = "") -> SafeString:
    """A second, smaller line of a column, clipped likewise; nothing for no text."""
    if not text:
        return SafeString()
    return format_html('<span class="cb-clip is-text is-below {}" title="{}">{}</span>', look, text, text)


def place(space: str, tenant: str) -> SafeString:
    """A space, with the tenant that it belongs to below."""
    return format_html("{}{}", clipped(space, "is-name"), below(tenant, "is-name cb-dim"))


def failure(execution: Any) -> str:
    """Why it failed in a line, of a row with ERROR_MESSAGE as `error_message`; "" where it has not."""
    if not execution.failure_reason:
        return ""
    return execution.error_message or execution.get_failure_reason_display()


def duration(started_at: datetime | None, finished_at: datetime | None, now: datetime) -> str:
    """How long a run took, or takes by now; a dash before it starts."""
    if started_at is None:
        return "–"
    return in_words((finished_at or now) - started_at)


def dollars(cost: Decimal) -> str:
    """US dollars with as many digits as tell it from nothing: `$0`, `$0.0042`, `$1.25`."""
    if not cost:
        return "$0"
    return f"${cost:,.2f}" if cost >= 1 else f"${cost.quantize(Decimal('0.000001')).normalize():f}"


def pretty_json(value: Any) -> str:
    """Indented JSON, cut where a page would become too long."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if len(text) <= JSON_LIMIT:
        return text
    return f"{text[:JSON_LIMIT]}\n… {len(text) - JSON_LIMIT:,} more characters: read them through the API"
