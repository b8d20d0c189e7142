"""How values read on the admin's pages: for its lists, and as `{% load formatting %}` for its templates."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from spaces.phrases import in_words

MOST_REASON = 300  # characters of an error's message in a list
JSON_LIMIT = 100_000  # characters of one value on a page; the API has the rest

register = template.Library()


@register.filter
def badge(word: str, state: str = "") -> SafeString:
    """A word in the colour of a state, by default its own; the colours are in callboard.css."""
    shown = word.replace("_", " ")
    return format_html('<span class="cb-badge" data-state="{}">{}</span>', state or word, shown)


def clipped(text: str, look: str = "") -> SafeString | str:
    """A text on one line that ends in … where it is longer than its column, and whole in its title."""
    clip = '<span class="cb-clip is-text {}" title="{}" dir="auto">{}</span>'
    return format_html(clip, look, text, text) if text else "–"


def below(text: str, look: str = "") -> SafeString:
    """A second, smaller line of a column, clipped likewise; nothing for no text."""
    return SafeString(clipped(text, f"is-below {look}") if text else "")


def link_to(row: Model | None, name: str = "") -> SafeString | str:
    """A name, by default the row's, that leads to the row's page; a dash for None."""
    return format_html('<a class="cb-link" href="{}">{}</a>', url_of(row), name or row) if row else "–"


def url_of(row: Model) -> str:
    """The address of a row's page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=(row.pk,))


@register.filter
def as_text(moment: datetime | None) -> str:
    """`2026-11-22 12:00:03 UTC`; a dash for None."""
    return "–" if moment is None else date_format(timezone.localtime(moment), "DATETIME_FORMAT")


@register.filter
def to_the_second(moment: datetime | None) -> str:
    """The same as an element that machines can read; a dash for None."""
    if moment is None:
        return "–"
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), as_text(moment))


def duration(started_at: datetime | None, finished_at: datetime | None) -> str:
    """How long something took, or takes by now; a dash before it starts."""
    return "–" if started_at is None else in_words((finished_at or timezone.now()) - started_at)


@register.filter
def took(run: Any) -> str:
    """The duration of a run."""
    return duration(run.started_at, run.finished_at)


def age(moment: datetime, now: datetime) -> str:
    """`42.0 s`, `12 min 05 s`, `3 h 07 min`, `4 days`."""
    days = (now - moment).days
    return f"{days} days" if days > 2 else in_words(now - moment)


@register.filter
def in_thousands(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"


@register.filter
def dollars(cost: Decimal) -> str:
    """US dollars with as many digits as tell it from nothing: `$0`, `$0.0042`, `$1.25`."""
    if not cost:
        return "$0"
    return f"${cost:,.2f}" if cost >= 1 else f"${cost.quantize(Decimal('0.000001')).normalize():f}"


@register.filter
def pretty_json(value: Any) -> str:
    """Indented JSON, cut where a page would become too long."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if len(text) <= JSON_LIMIT:
        return text
    return f"{text[:JSON_LIMIT]}\n… {len(text) - JSON_LIMIT:,} more characters: read them through the API"


def json_block(value: Any) -> SafeString | str:
    """Indented JSON; a dash for nothing."""
    return "–" if value in (None, {}, [], "") else text_block(pretty_json(value))


def text_block(text: str) -> SafeString | str:
    """A text with its lines; a dash for none."""
    return format_html('<pre class="cb-json">{}</pre>', text) if text else "–"
