"""Small pieces of HTML."""

import html
from collections.abc import Iterable

MAX_WARNINGS = 20


def escaped(value: object) -> str:
    """`value` as text that cannot be markup, quotes included."""
    return html.escape(str(value), quote=True)


def badge(text: str, tone: str) -> str:
    return f'<span class="badge {tone}">{escaped(text)}</span>'


def tiles(facts: Iterable[tuple[str, str]]) -> str:
    """Large figures, each with the word for it."""
    items = "".join(
        f"<div><dt>{escaped(word)}</dt><dd>{escaped(figure)}</dd></div>" for figure, word in facts
    )
    return f'<dl class="tiles">{items}</dl>'


def warnings_list(warnings: list[str]) -> str:
    """Sentences on what to look at before using a file."""
    if not warnings:
        return ""
    items = "".join(f"<li>{escaped(warning)}</li>" for warning in warnings[:MAX_WARNINGS])
    more = len(warnings) - MAX_WARNINGS
    rest = f"<li>… and {more:,} more</li>" if more > 0 else ""
    return f'<ul class="warnings">{items}{rest}</ul>'


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float | None) -> str:
    """At most six digits, with thousands separated; a dash for none."""
    return "–" if value is None else f"{value:,.6g}"
