"""Read single values of a front matter, each refusal naming its path."""

import json
from collections.abc import Sequence

from executions.catalog.errors import BundleRefused
from executions.catalog.front_matter import MAX_DEPTH, require_json

MAX_LIST = 50


def text_value(value: object, path: str, longest: int) -> str:
    """A string of 1 to `longest` characters, outer blanks removed."""
    if value is None:
        raise BundleRefused("is missing", path)
    if not isinstance(value, str):
        raise BundleRefused(f"must be a string, not {value!r}", path)
    text = value.strip()
    if not 1 <= len(text) <= longest:
        raise BundleRefused(f"must have 1 to {longest} characters", path)
    return text


def choice(value: object, allowed: Sequence[str], path: str) -> str:
    """One of the `allowed` strings."""
    text = text_value(value, path, 64)
    if text not in allowed:
        raise BundleRefused(f"{text!r} must be one of {', '.join(allowed)}", path)
    return text


def string_list(value: object, path: str) -> list[str]:
    """A list of different strings, in their order."""
    if not isinstance(value, list) or len(value) > MAX_LIST:
        raise BundleRefused(f"must be a list of at most {MAX_LIST} strings", path)
    names = [text_value(item, f"{path}.{index}", 64) for index, item in enumerate(value)]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise BundleRefused(f"{name!r} is given twice", f"{path}.{index}")
    return names


def whole_number(value: object, least: int, most: int, path: str) -> int:
    """An integer from `least` to `most`, both included; true and false are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise BundleRefused(f"must be a whole number, not {value!r}", path)
    if not least <= value <= most:
        raise BundleRefused(f"{value} must be from {least} to {most}", path)
    return value


def json_value(value: object, path: str) -> object:
    """`value`, or what it holds where it is JSON in a string."""
    if not isinstance(value, str):
        return value
    try:
        decoded = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise BundleRefused(f"is a string, but not JSON: {error}", path) from error
    require_json(decoded, path, MAX_DEPTH)
    return decoded
