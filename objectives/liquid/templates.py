"""Liquid templates that users write: checked when they are written, bounded when they are filled."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate
from liquid.exceptions import LiquidError, UndefinedError

from objectives.liquid.sandbox import RENDERING_ERRORS, BoundedEnvironment, sentence_of
from spaces.errors import Invalid

MOST_CHARACTERS = 200_000  # of a template
_OLD_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class TemplateMissing(Exception):
    """A template names something that there is not; the message says what."""


def check_template(text: str, *loc: str | int) -> None:
    """Raises Invalid at `loc` unless the text is a template."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid.field(*loc, msg=f"A template has at most {MOST_CHARACTERS} characters.")
    try:
        _parsed(modern(text), strict=False)
    except (LiquidError, RecursionError) as error:
        raise Invalid.field(*loc, msg=f"Invalid template: {sentence_of(error)}") from None


def fill(text: str, values: Mapping[str, Any], *, strict: bool = False) -> str:
    """The template with its values in place; one that is missing is empty, or TemplateMissing if `strict`.

    Raises Invalid for what cannot be filled (it loops too long, a filter refuses its value).
    """
    try:
        return _parsed(modern(text), strict=strict).render(**values)
    except UndefinedError as error:
        raise TemplateMissing(sentence_of(error)) from None
    except RENDERING_ERRORS as error:
        raise Invalid.field("template", msg=sentence_of(error)) from None


def secret_names(*texts: str) -> set[str]:
    """The secrets that templates name, wherever in them, in capitals; what is no template names none."""
    paths = [path for text in texts for path in _paths(text) if path[0] == "secrets"]
    return {path[1].upper() for path in paths if len(path) > 1 and isinstance(path[1], str)}


def names_in(text: str) -> set[str]:
    """What a template takes by name: `order` for `{{ order.id }}` and for `{{ arguments.order }}`."""
    return {
        str(path[1]) if path[0] == "arguments" and len(path) > 1 else str(path[0]) for path in _paths(text)
    }


def _paths(text: str) -> list[list[Any]]:
    """The way to each value that a template uses: `["secrets", "TOKEN"]`."""
    if not text:
        return []
    try:
        found = _parsed(modern(text), strict=False).analyze().globals
    except (LiquidError, RecursionError):
        return []
    return [list(variable.segments) for variables in found.values() for variable in variables]


def modern(text: str) -> str:
    """Older templates write `${NAME}` for what is `{{ secrets.NAME }}` now."""
    return _OLD_SECRET.sub(r"{{ secrets.\1 }}", text)


@lru_cache(maxsize=512)
def _parsed(text: str, *, strict: bool) -> BoundTemplate:
    return _ENVIRONMENTS[strict].from_string(text)


def _environment(*, is_strict: bool) -> BoundedEnvironment:
    environment = BoundedEnvironment(is_strict=is_strict)
    environment.add_filter("json", _as_json)
    return environment


def _as_json(value: object) -> str:
    """`{{ question | json }}`: a value as it stands in a JSON body, quotation marks included."""
    return json.dumps(value, ensure_ascii=False, default=str)


_ENVIRONMENTS = {is_strict: _environment(is_strict=is_strict) for is_strict in (False, True)}
