"""Checking inputs and outputs against a skill version's JSON Schemas."""

import json
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, cast

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from executions.catalog.safe_jsonschema import bounded_validator, problems_of
from spaces.errors import Invalid

MAX_PROBLEMS = 20


def check_inputs(schema: dict[str, Any], inputs: Any, *, loc: Sequence[str | int]) -> None:
    """Raises Invalid that names each wrong path below `loc`, at most 20."""
    problems = schema_problems(schema, inputs, loc=loc)
    if problems:
        raise Invalid(problems)


def schema_problems(
    schema: dict[str, Any], value: Any, *, loc: Sequence[str | int] = ()
) -> list[dict[str, Any]]:
    """What is wrong with the value, as the API shows it; an empty list where nothing is."""
    errors = sorted(
        problems_of(_validator(json.dumps(schema)), value), key=lambda error: str(error.json_path)
    )
    return [_problem(error, loc) for error in errors[:MAX_PROBLEMS]]


def check_storable(value: Any, *, loc: Sequence[str | int]) -> None:
    """Raises Invalid where JSON holds what the database cannot: NUL, half a surrogate, infinity."""
    if _is_storable(value):
        return
    for path, leaf in _leaves(value, list(loc)):
        if isinstance(leaf, str) and not is_storable_text(leaf):
            raise Invalid.field(
                *path, msg="Text may not hold NUL or half a surrogate pair.", kind="string_type"
            )
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise Invalid.field(*path, msg="Numbers must be finite.", kind="finite_number")


def is_storable_text(text: str) -> bool:
    """Whether PostgreSQL can keep this text."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False


def _is_storable(value: Any) -> bool:
    """Whether all of it certainly is, asked at once: naming a place needs a walk through everything."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError):
        return False
    return b"\\u0000" not in text  # as JSON writes a NUL


@lru_cache(maxsize=256)
def _validator(schema: str) -> Validator:
    return bounded_validator(json.loads(schema))


def _problem(error: ValidationError, loc: Sequence[str | int]) -> dict[str, Any]:
    path = [*loc, *error.absolute_path]
    if error.validator == "required":
        # The library yields one error for each missing name and tells the name in its message only.
        names = cast("list[str]", error.validator_value)
        path += [name for name in names if error.message.startswith(repr(name))][:1]
    shown = error.instance if isinstance(error.instance, str | int | float | bool | None) else None
    return {"loc": path, "msg": error.message[:500], "type": str(error.validator), "input": shown}


def _leaves(value: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], Any]]:
    """Every scalar and every key with its path; without recursion, since depth comes from outside."""
    waiting = [(path, value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            yield from ((path, key) for key in value)
            waiting.extend(([*path, key], item) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend(([*path, index], item) for index, item in enumerate(value))
        else:
            yield path, value
