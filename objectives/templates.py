"""Liquid templates that users write: checked when they are written, bounded when they are filled."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate, Environment, StrictUndefined, Undefined
from liquid.exceptions import LiquidError, UndefinedError

from spaces.errors import Invalid

MOST_CHARACTERS = 200_000  # of a template
_OLD_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class _Bounded(Environment):
    """A template is anybody's: it may neither loop nor write without end."""

    loop_iteration_limit = 10_000
    output_stream_limit = 1_000_000
    local_namespace_limit = 1_000_000
    context_depth_limit = 20


class TemplateMissing(Exception):
    """A template names something that there is not; the message says what."""


def check_template(text: str, *loc: str | int) -> None:
    """Raises Invalid at `loc` unless the text is a template."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid.field(*loc, msg=f"A template has at most {MOST_CHARACTERS} characters.")
    try:
        _parsed(modern(text), strict=False)
    except (LiquidError, RecursionError) as error:
        raise Invalid.field(*loc, msg=f"Not a template: {_sentence(error)}") from None


def fill(text: str, values: Mapping[str, Any], *, strict: bool = False) -> str:
    """The template with its values in place; one that is missing is empty, or TemplateMissing if `strict`.

    Raises Invalid for what cannot be filled (it loops too long, a filter refuses its value).
    """
    try:
        return _parsed(modern(text), strict=strict).render(**values)
    except UndefinedError as error:
        raise TemplateMissing(_sentence(error)) from None
    except (LiquidError, RecursionError) as error:
        raise Invalid.field("template", msg=_sentence(error)) from None


def secret_names(*texts: str) -> set[str]:
    """The secrets that templates name, wherever in them, in capitals; what is no template names none."""
    return {name.upper() for text in texts if "secrets" in modern(text) for name in _secrets_in(modern(text))}


def _secrets_in(text: str) -> Iterator[str]:
    try:
        paths = _parsed(text, strict=False).analyze().globals.get("secrets", [])
    except (LiquidError, RecursionError):
        return
    for path in paths:
        if len(path.segments) > 1 and isinstance(path.segments[1], str):
            yield path.segments[1]


def modern(text: str) -> str:
    """Older templates write `${NAME}` for what is `{{ secrets.NAME }}` now."""
    return _OLD_SECRET.sub(r"{{ secrets.\1 }}", text)


@lru_cache(maxsize=512)
def _parsed(text: str, *, strict: bool) -> BoundTemplate:
    return _ENVIRONMENTS[strict].from_string(text)


def _sentence(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _environment(undefined: type[Undefined]) -> Environment:
    environment = _Bounded(undefined=undefined)
    environment.add_filter("json", _as_json)
    return environment


def _as_json(value: object) -> str:
    """`{{ question | json }}`: a value as it stands in a JSON body, quotation marks included."""
    return json.dumps(value, ensure_ascii=False, default=str)


_ENVIRONMENTS = {False: _environment(Undefined), True: _environment(StrictUndefined)}
