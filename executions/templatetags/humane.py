"""Times and numbers as people read them, for templates and for lists."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

register = template.Library()


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


@register.filter
def in_thousands(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"
