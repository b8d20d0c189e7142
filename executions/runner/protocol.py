"""The lines of a script's own channel: JSON objects by `type`. What it prints is never read here."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from executions.runner.run import SkillCall

MAX_DEPTH = 64  # of nested JSON: deeper values would break those who read them with recursion
MAX_TOKENS = 10**12
MAX_COST_USD = Decimal(100_000)
MAX_FILES = 100
MAX_PATH, MAX_NAME = 1024, 100  # characters
# A call key names a folder in the workspace.
CALL_KEY = re.compile(r"[\w-][\w .-]{0,99}\Z")


class ProtocolBroken(Exception):
    """A line of the channel is no message, or has a wrong field."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far the work is, 0 to 1; None where nobody can tell."""

    fraction: float | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """Text for whoever watches."""

    text: str


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and US dollars that the script has used."""

    model: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Iterated:
    """One more turn of the script's own loop."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A workspace file that is to be kept."""

    path: str
    document_type: str | None


@dataclass(frozen=True, slots=True)
class Returned:
    """The outputs; the last ones count."""

    outputs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The script's own error."""

    message: str
    details: dict[str, Any]


Message = Progressed | Said | Spent | Iterated | Declared | Returned | GaveUp | SkillCall


def read_message(line: bytes) -> Message:
    """What one line says; raises ProtocolBroken naming the field."""
    fields = _object(line)
    kind = fields.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise ProtocolBroken(f"A message's `type` must be one of {', '.join(_READERS)}.")
    if not _is_shallow(fields):
        raise ProtocolBroken(f"A {fields['type']!r} line is nested deeper than {MAX_DEPTH}.")
    return reader(fields)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ProtocolBroken(f"A message is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ProtocolBroken("A message must be a JSON object.")
    return value


def _is_shallow(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [item for parent in level for item in _items(parent)]
        if not level:
            return True
    return False


def _items(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict | list)]


def _progress(fields: dict[str, Any]) -> Progressed:
    fraction = fields.get("fraction")
    if fraction is not None and (not _is_number(fraction) or not 0 <= fraction <= 1):
        raise _wrong(fields, "fraction", "a number from 0 to 1, or null")
    return Progressed(fraction, _text(fields, "message", optional=True))


def _usage(fields: dict[str, Any]) -> Spent:
    model = _text(fields, "model", optional=True)
    tokens = [_tokens(fields, name) for name in ("input_tokens", "output_tokens")]
    return Spent(model and model[:MAX_NAME], tokens[0], tokens[1], _cost(fields))


def _artifact(fields: dict[str, Any]) -> Declared:
    document_type = _text(fields, "document_type", MAX_NAME, optional=True)
    path = _text(fields, "path", MAX_PATH) or ""
    for name, text in (("document_type", document_type), ("path", path)):
        if text is not None and not text.isprintable():
            raise _wrong(fields, name, "printable text")
    return Declared(path, document_type)


def _call(fields: dict[str, Any]) -> SkillCall:
    call_key = _text(fields, "call_key", MAX_NAME) or ""
    if not CALL_KEY.match(call_key):
        raise _wrong(fields, "call_key", "1 to 100 letters, digits, spaces, dots, dashes and underscores")
    inputs, files = fields.get("inputs", {}), fields.get("files", [])
    if not isinstance(inputs, dict):
        raise _wrong(fields, "inputs", "an object")
    if not isinstance(files, list) or len(files) > MAX_FILES or not all(map(_is_path, files)):
        raise _wrong(fields, "files", f"a list of at most {MAX_FILES} paths")
    return SkillCall(call_key, _text(fields, "skill", MAX_NAME) or "", inputs, tuple(files))


def _output(fields: dict[str, Any]) -> Returned:
    if not isinstance(fields.get("outputs"), dict):
        raise _wrong(fields, "outputs", "an object")
    return Returned(fields["outputs"])


def _error(fields: dict[str, Any]) -> GaveUp:
    details = fields.get("details") or {}
    if not isinstance(details, dict):
        raise _wrong(fields, "details", "an object")
    return GaveUp(_text(fields, "message") or "", details)


_READERS: dict[str, Callable[[dict[str, Any]], Message]] = {
    "progress": _progress,
    "text": lambda fields: Said(_text(fields, "text") or ""),
    "usage": _usage,
    "iteration": lambda _: Iterated(),
    "artifact": _artifact,
    "call_skill": _call,
    "output": _output,
    "error": _error,
}


def _text(
    fields: dict[str, Any], name: str, most: int | None = None, *, optional: bool = False
) -> str | None:
    value = fields.get(name)
    if value is None and optional:
        return None
    if not isinstance(value, str) or (most is not None and not 1 <= len(value) <= most):
        raise _wrong(fields, name, "text" if most is None else f"1 to {most} characters")
    return value


def _tokens(fields: dict[str, Any], name: str) -> int:
    value = fields.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_TOKENS:
        raise _wrong(fields, name, f"a whole number from 0 to {MAX_TOKENS}")
    return value


def _cost(fields: dict[str, Any]) -> Decimal:
    """US dollars, to the ten decimals that are kept."""
    value = fields.get("cost_usd", "0")
    try:
        cost = Decimal(value) if isinstance(value, str) else Decimal(repr(value))
        if isinstance(value, bool) or not 0 <= cost <= MAX_COST_USD:
            raise InvalidOperation
        return cost.quantize(Decimal("1e-10"))
    except InvalidOperation:
        raise _wrong(fields, "cost_usd", f"a decimal from 0 to {MAX_COST_USD}") from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_path(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_PATH


def _wrong(fields: dict[str, Any], name: str, wanted: str) -> ProtocolBroken:
    return ProtocolBroken(f"A {fields['type']!r} line has a wrong {name!r}: it must be {wanted}.")
