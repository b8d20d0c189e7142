"""Small pieces of HTML."""

import html
from collections.abc import Iterable


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


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float | None) -> str:
    """At most six digits, with thousands separated; a dash for none."""
    return "–" if value is None else f"{value:,.6g}"
