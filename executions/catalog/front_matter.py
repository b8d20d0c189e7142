"""Read the YAML front matter of a SKILL.md without trusting it.

Decision: what the public format defines is text, as its reference validator reads it: `version: 1.10` is the
text `1.10`, a date stays as it is written. Only our own keys below `metadata` are read as typed YAML.
"""

import json
import math
import re
from collections.abc import Collection, Iterator
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from executions.catalog.errors import BundleRefused

MAX_CHARACTERS = 256 * 1024
MAX_FRONT_MATTER = 64 * 1024
MAX_DEPTH = 32
_SKILL_FILE = "SKILL.md"
_NEVER_A_DATE = ("name", "description")  # what YAML takes for something else there is a slip
_PLAIN_LINE = re.compile(r"\s*(?:- )?([\w.-]+):[ \t]+(.*?)\s*")


def split_front_matter(text: str, typed: Collection[str]) -> tuple[dict[str, Any], str]:
    """The front matter as JSON values, and the markdown below it.

    All scalars are text but those below the `typed` keys of `metadata`. Raises BundleRefused for anything
    that is not a mapping of JSON values within the bounds.
    """
    if len(text) > MAX_CHARACTERS:
        raise BundleRefused(f"is longer than {MAX_CHARACTERS} characters", _SKILL_FILE)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").lstrip()
    if not text.startswith("---"):
        raise BundleRefused(
            "must begin with YAML front matter between two `---` lines",
            _SKILL_FILE,
            "---\nname: the-name-of-its-folder\ndescription: What it does, and when to use it.\n---",
        )
    try:
        front, body = YAMLHandler().split(text)
    except ValueError:
        raise BundleRefused("the front matter has no closing `---` line", _SKILL_FILE, "---") from None
    if len(front) > MAX_FRONT_MATTER:
        raise BundleRefused(f"the front matter is longer than {MAX_FRONT_MATTER} characters", _SKILL_FILE)
    return _document(front, typed), body.strip()


def load_yaml(text: str) -> object:
    """The typed value of a YAML text within the bounds; raises BundleRefused, naming SKILL.md."""
    return _typed(_checked_node(text))


def _document(front: str, typed: Collection[str]) -> dict[str, Any]:
    node = _checked_node(front)
    if not isinstance(node, yaml.MappingNode):
        raise BundleRefused("the front matter must be a mapping", _SKILL_FILE)
    document: dict[str, Any] = {}
    for key, value in node.value:
        if key.value == "metadata" and isinstance(value, yaml.MappingNode):
            document[key.value] = {
                inner.value: _typed(part) if inner.value in typed else _text(part)
                for inner, part in value.value
            }
        else:
            document[key.value] = _text(value)
            if key.value in _NEVER_A_DATE:
                require_json(_typed(value), key.value, MAX_DEPTH)
    require_json(document, "", MAX_DEPTH)
    return document


def _checked_node(text: str) -> yaml.Node | None:
    """The tree of the text, once nothing in it is dangerous, ambiguous or broken."""
    try:
        _refuse_bombs(text)
        node: yaml.Node | None = yaml.SafeLoader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        reason = f"its YAML is broken: {error.problem}{_line(error.problem_mark)}"
        raise BundleRefused(reason, _SKILL_FILE, _quoted(text, error.problem_mark)) from error
    except (yaml.YAMLError, ValueError) as error:
        raise BundleRefused(f"its YAML is broken: {error}", _SKILL_FILE) from error
    for mapping in _mappings(node):
        _refuse_odd_keys(mapping)
    return node


def _typed(node: yaml.Node | None) -> object:
    if node is None:
        return None
    try:
        return yaml.SafeLoader("").construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        raise BundleRefused(f"its YAML is broken: {error}", _SKILL_FILE) from error


def _text(node: yaml.Node) -> Any:
    """Scalars as they are written, in lists and mappings."""
    return yaml.BaseLoader("").construct_document(node)


def _mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value)


def _refuse_odd_keys(mapping: yaml.MappingNode) -> None:
    """A repeated key would silently hide the first; one that is no scalar has no name."""
    seen: set[str] = set()
    for key, _ in mapping.value:
        if not isinstance(key, yaml.ScalarNode):
            raise BundleRefused(f"its YAML is broken: a key is no text{_line(key.start_mark)}", _SKILL_FILE)
        if key.value in seen:
            raise BundleRefused(f"`{key.value}` is given twice{_line(key.start_mark)}", _SKILL_FILE)
        seen.add(key.value)


def _refuse_bombs(text: str) -> None:
    """Aliases are how a few lines grow into gigabytes, nesting is how they exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise BundleRefused(f"YAML aliases are not allowed{_line(event.start_mark)}", _SKILL_FILE)
        if getattr(event, "tag", None) is not None:
            where = _line(event.start_mark)
            raise BundleRefused(f"its YAML is broken: tags are not allowed{where}", _SKILL_FILE)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise BundleRefused(f"its YAML is nested deeper than {MAX_DEPTH}", _SKILL_FILE)


def _line(mark: Any) -> str:
    # The front matter begins with the end of its first `---` line.
    return f" (line {mark.line + 1})" if mark else ""


def _quoted(text: str, mark: Any) -> str:
    """The line of the mark with its value in quotes: most broken front matter is a colon in plain text."""
    lines = text.splitlines()
    found = _PLAIN_LINE.fullmatch(lines[mark.line]) if mark and mark.line < len(lines) else None
    if found is None or not found[2] or found[2][0] in "\"'[{|>&*":
        return ""
    return f"{found[1]}: {json.dumps(found[2], ensure_ascii=False)}"


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
