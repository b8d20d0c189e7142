"""Times and numbers as people read them, for templates and for lists."""

from datetime import datetime

from django import template

from spaces import wording

register = template.Library()


@register.filter
def to_the_second(moment: datetime | None) -> str:
    """`2026-11-22 12:00:03 UTC`; a dash for None."""
    return "–" if moment is None else wording.to_the_second(moment)


@register.filter
def in_thousands(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"
