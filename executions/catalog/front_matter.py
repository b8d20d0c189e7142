"""Read the YAML front matter of a SKILL.md without trusting it."""

import math
from typing import Any, override

import yaml
from frontmatter.default_handlers import YAMLHandler

from executions.catalog.errors import BundleRefused

MAX_CHARACTERS = 256 * 1024
MAX_FRONT_MATTER = 64 * 1024
MAX_DEPTH = 32


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses a repeated key, which would silently hide the first."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise BundleRefused(f"`{key.value}` is given twice{_line(key.start_mark)}", "SKILL.md")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """The front matter as JSON values, and the markdown below it.

    Raises BundleRefused for anything that is not a mapping of JSON values within the bounds.
    """
    if len(text) > MAX_CHARACTERS:
        raise BundleRefused(f"is longer than {MAX_CHARACTERS} characters", "SKILL.md")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").lstrip()
    if not text.startswith("---"):
        raise BundleRefused("must begin with YAML front matter between two `---` lines", "SKILL.md")
    try:
        front, body = YAMLHandler().split(text)
    except ValueError:
        raise BundleRefused("the front matter has no closing `---` line", "SKILL.md") from None
    if len(front) > MAX_FRONT_MATTER:
        raise BundleRefused(f"the front matter is longer than {MAX_FRONT_MATTER} characters", "SKILL.md")
    document = _load(front)
    if not isinstance(document, dict):
        raise BundleRefused("the front matter must be a mapping", "SKILL.md")
    require_json(document, "", MAX_DEPTH)
    return document, body.strip()


def _load(front: str) -> object:
    try:
        _refuse_bombs(front)
        return _StrictLoader(front).get_single_data()
    except BundleRefused:
        raise
    except yaml.MarkedYAMLError as error:
        reason = f"its YAML is broken: {error.problem}{_line(error.problem_mark)}"
        raise BundleRefused(reason, "SKILL.md") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BundleRefused(f"its YAML is broken: {error}", "SKILL.md") from error


def _refuse_bombs(front: str) -> None:
    """Aliases are how a few lines grow into gigabytes, nesting is how they exhaust the stack."""
    depth = 0
    for event in yaml.parse(front, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise BundleRefused(f"YAML aliases are not allowed{_line(event.start_mark)}", "SKILL.md")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise BundleRefused(f"its YAML is nested deeper than {MAX_DEPTH}", "SKILL.md")


def _line(mark: Any) -> str:
    # The front matter begins with the end of its first `---` line.
    return f" (line {mark.line + 1})" if mark else ""


def require_json(value: object, path: str, depth: int) -> None:
    """Raise BundleRefused at the first part of `value` that JSON cannot hold, or below `depth`."""
    if depth < 0:
        raise BundleRefused("is nested too deeply", path)
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise BundleRefused(f"the key {key!r} must be a string (quote it)", path)
            require_json(item, f"{path}.{key}".lstrip("."), depth - 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            require_json(item, f"{path}.{index}", depth - 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BundleRefused("must be a finite number", path)
    elif isinstance(value, str) and not _storable(value):
        raise BundleRefused("holds a character that cannot be stored", path)
    elif value is not None and not isinstance(value, bool | int | float | str):
        kind = type(value).__name__
        raise BundleRefused(f"is a YAML {kind}, which JSON cannot hold (quote it)", path)


def _storable(text: str) -> bool:
    """PostgreSQL keeps neither NUL nor lone surrogates."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
