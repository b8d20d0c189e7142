"""Fill `{path}` templates in a demo script from values, evaluating nothing."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Json = Any
"""A value that JSON can write."""

_TEMPLATE = re.compile(
    r"\{\{"
    r"|\{(?P<path>[A-Za-z_]\w*(?:\.[\w-]+|\[-?\d{1,6}\])*)(?:\|(?P<cut>\d{1,6}))?\}",
)
_STEP = re.compile(r"\.([\w-]+)|\[(-?\d+)\]")
_MISSING = object()


def fill(value: Json, values: Mapping[str, Json]) -> Json:
    """Copy a JSON value with every text's templates replaced."""
    if isinstance(value, str):
        return _fill_text(value, values)
    if isinstance(value, Mapping):
        return {key: fill(item, values) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [fill(item, values) for item in value]
    return value


def fill_text(text: str, values: Mapping[str, Json]) -> str:
    """Replace the templates of a text; a value that is not text is written as JSON."""
    return _TEMPLATE.sub(lambda match: _written(match, values), text)


def _fill_text(text: str, values: Mapping[str, Json]) -> Json:
    whole = _TEMPLATE.fullmatch(text)
    if whole and whole["path"] and whole["cut"] is None:
        found = _find(whole["path"], values)
        return "" if found is _MISSING else found
    return fill_text(text, values)


def _written(match: re.Match[str], values: Mapping[str, Json]) -> str:
    if match["path"] is None:
        return "{"
    found = _find(match["path"], values)
    if found is _MISSING or found is None:
        return ""
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return text if match["cut"] is None else text[: int(match["cut"])]


def _find(path: str, values: Mapping[str, Json]) -> Json:
    name = re.match(r"\w+", path)
    found: Json = values.get(name[0], _MISSING) if name else _MISSING
    for key, index in _STEP.findall(path):
        if key:
            found = found.get(key, _MISSING) if isinstance(found, Mapping) else _MISSING
        elif (
            isinstance(found, Sequence)
            and not isinstance(found, str)
            and -len(found) <= int(index) < len(found)
        ):
            found = found[int(index)]
        else:
            found = _MISSING
    return found
