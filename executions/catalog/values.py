"""Read single values of a front matter, each refusal naming its path."""

from collections.abc import Sequence

from executions.catalog.errors import BundleRefused
from executions.catalog.front_matter import MAX_DEPTH, load_yaml, require_json

MAX_LIST = 50


def text_value(value: object, path: str, longest: int, *, mend: str = "") -> str:
    """A string of 1 to `longest` characters, outer blanks removed; `mend` is for one that is absent."""
    if value is None:
        raise BundleRefused("is missing", path, mend)
    if not isinstance(value, str):
        raise BundleRefused(f"must be a string, not {value!r}", path)
    text = value.strip()
    if not 1 <= len(text) <= longest:
        told = f"must have 1 to {longest} characters" + (f", not {len(text)}" if text else "")
        raise BundleRefused(told, path, "" if text else mend)
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


def structure(value: object, path: str) -> object:
    """`value`, or what it holds where it is JSON or YAML in a string: the format allows only those."""
    if not isinstance(value, str):
        return value
    try:
        decoded = load_yaml(value)
    except BundleRefused as refused:
        raise BundleRefused(f"is a string, but not JSON or YAML: {refused.reason}", path) from refused
    if isinstance(decoded, str | None):
        raise BundleRefused(f"is a string, but not JSON or YAML of a structure: {value[:100]!r}", path)
    require_json(decoded, path, MAX_DEPTH)
    return decoded
