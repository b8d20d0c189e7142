"""Templates of overlays, in which every name must stand for something."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from objectives.liquid.sandbox import MOST_WEIGHT, RENDERING_ERRORS, BoundedEnvironment, sentence_of

# What ends a script or begins a tag in HTML, and two ends of lines that JavaScript knows and JSON does not.
_UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


class CannotRender(Exception):
    """A template has no text for its values; the message says why."""


def problem_of(template: str) -> str | None:
    """What is wrong with a template itself, in a sentence; None for nothing."""
    try:
        analysis = _parsed(template).analyze()
    except (LiquidError, RecursionError) as error:
        return f"Invalid template: {sentence_of(error)}"
    if unknown := sorted(analysis.filters.keys() - _ENVIRONMENT.filters.keys()):
        return f"Invalid template: unknown filter {unknown[0][:100]!r}"
    if "secrets" in analysis.globals:
        return (
            "Secrets are not available in overlays, whose values are shown in tool calls. "
            "Use the adapter's headers."
        )
    return None


def render(template: str, values: Mapping[str, Any], *, until: float) -> str:
    """The template with its values in place; raises CannotRender, also once `until` (monotonic) is over."""
    try:
        return _ENVIRONMENT.rendered(_parsed(template), values, until=until)
    except RENDERING_ERRORS as error:
        raise CannotRender(sentence_of(error)) from None


@lru_cache(maxsize=512)
def _parsed(template: str) -> BoundTemplate:
    return _ENVIRONMENT.from_string(template)


def _indented(value: object) -> str:
    """`json`: a value as JSON for people and models to read; the indentation may be longer than the value."""
    written: list[str] = []
    length = 0
    for piece in json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=2).iterencode(value):
        written.append(piece)
        length += len(piece)
        if length > MOST_WEIGHT:
            raise LiquidError("a value is too large", token=None)
    return "".join(written)


def _sanitized(value: object) -> str:
    """`sanitized_json`: a value as JSON in one line, which may stand inside HTML and scripts."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE)


def _environment() -> BoundedEnvironment:
    environment = BoundedEnvironment(is_strict=True)
    environment.add_filter("json", _indented)
    environment.add_filter("sanitized_json", _sanitized)
    return environment


_ENVIRONMENT = _environment()
