"""How values of an execution read on an admin page."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from spaces.wording import in_words

JSON_LIMIT = 100_000  # characters of one value on a page; the API has the rest


def badge(state: str) -> SafeString:
    """The coloured word of a state; its colours are in callboard.css."""
    return format_html('<span class="cb-badge" data-state="{}">{}</span>', state, state)


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
