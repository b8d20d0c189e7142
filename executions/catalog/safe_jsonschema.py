"""JSON Schema validation that ends soon and fetches nothing, whatever the schema says.

Schemas are anybody's, and are checked in processes that everybody shares: a pattern that backtracks for ever
or references that double at each step would hold all of them up.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import regex
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

MOST_SECONDS = 2.0  # of looking for patterns, in one validation
MOST_REFERENCES = 20_000  # followed in one validation
MOST_PATTERN = 10_000  # characters
MOST_REPEATS = 2_000  # that a pattern demands: the library builds each of them, before any clock of ours runs
_TOO_LONG = "Validation took too long."
_SCHEMA = "schema"
_LEAST = re.compile(r"(\)\s*)?\{\s*(\d+)")  # how often something must be repeated at least, a group or else
_FREE_SPACING = re.compile(r"\(\?[a-zA-Z0-9]*x")


class _TakesTooLong(Exception):
    """What one validation may take is spent."""


@dataclass(slots=True)
class _Spent:
    """What a validation has taken so far."""

    has_patterns: bool
    until: float = field(default_factory=lambda: time.monotonic() + MOST_SECONDS)
    references: int = 0


_spent: ContextVar[_Spent] = ContextVar("spent")


def bounded_validator(schema: Any) -> Validator:
    """A validator to be used by `problems_of` only."""
    # An empty registry: the library's own would fetch what a reference names, from anywhere.
    made: Validator = _Bounded(
        schema, registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return made


def problems_of(validator: Validator, value: Any) -> list[ValidationError]:
    """What is wrong with a value; one problem says so where the schema cannot be applied to it."""
    token = _spent.set(_Spent("'patternProperties'" in repr(validator.schema)))
    try:
        return list(validator.iter_errors(value))
    except (_TakesTooLong, TimeoutError):
        return [_failure(_TOO_LONG)]
    except RecursionError:
        return [_failure("The schema has a circular $ref.")]
    except Unresolvable as error:
        return [_failure(f"Unresolvable $ref in schema: {error.ref[:200]}")]
    except regex.error:
        return [_failure("Invalid regular expression in schema.")]
    finally:
        _spent.reset(token)


def is_inapplicable(problem: ValidationError) -> bool:
    """Whether the schema, rather than a value, is what a problem is about."""
    return problem.validator == _SCHEMA


def is_found(pattern: str, text: str, *, until: float, ignores_case: bool = False) -> bool:
    """Whether a pattern is somewhere in a text; raises TimeoutError where that is not known at `until`.

    `until` is monotonic; other threads go on meanwhile. Raises regex.error for what is no pattern, or too
    large a one.
    """
    _check_size(pattern)
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    flags = regex.IGNORECASE if ignores_case else 0
    return regex.search(pattern, text, flags, timeout=left, concurrent=True) is not None


def _check_size(pattern: str) -> None:
    if len(pattern) > MOST_PATTERN:
        raise regex.error(f"it has more than {MOST_PATTERN} characters")
    # Where spaces mean nothing, a group and the number of its repeats may stand far apart.
    is_spaced = _FREE_SPACING.search(pattern) is not None
    repeats = 0
    for group, least in _LEAST.findall(pattern):
        times = int(least[:10])
        # No more than this: a group repeats at most what stands before its end.
        repeats = (repeats + 1) * max(times, 1) if group or is_spaced else repeats + times
        if repeats > MOST_REPEATS:
            raise regex.error(f"it demands more than {MOST_REPEATS} repeats")


def _failure(message: str) -> ValidationError:
    return ValidationError(message, validator=_SCHEMA, instance=None)


def _found(pattern: str, text: str) -> bool:
    return is_found(pattern, text, until=_spent.get().until)


def _pattern(validator: Any, pattern: str, value: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "string") and not _found(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: dict[str, Any], value: Any, _: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    for pattern, schema in patterns.items():
        for key in value:
            if _found(pattern, key):
                yield from validator.descend(value[key], schema, path=key, schema_path=pattern)


def _additional_properties(
    validator: Any, wanted: Any, value: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    patterns = schema.get("patternProperties", {})
    if not patterns or not validator.is_type(value, "object"):
        yield from _as_ever["additionalProperties"](validator, wanted, value, schema)
        return
    named = {key for key in value if any(_found(pattern, key) for pattern in patterns)}
    rest = {key: item for key, item in value.items() if key not in named}
    alone = {key: item for key, item in schema.items() if key != "patternProperties"}
    yield from _as_ever["additionalProperties"](validator, wanted, rest, alone)


def _unevaluated_properties(
    validator: Any, wanted: Any, value: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    # The library looks for patterns by itself here, and how long that takes nobody knows.
    if _spent.get().has_patterns:
        yield ValidationError("unevaluatedProperties cannot be checked beside patternProperties.")
        return
    yield from _as_ever["unevaluatedProperties"](validator, wanted, value, schema)


def _counted(keyword: str) -> Callable[..., Iterator[ValidationError]]:
    """The library's way to follow a reference, so many times in one validation."""

    def follow(
        validator: Any, reference: str, value: Any, schema: dict[str, Any]
    ) -> Iterator[ValidationError]:
        spent = _spent.get()
        spent.references += 1
        if spent.references > MOST_REFERENCES:
            raise _TakesTooLong
        yield from _as_ever[keyword](validator, reference, value, schema)

    return follow


_as_ever: dict[str, Any] = dict(Draft202012Validator.VALIDATORS)
_Bounded: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "unevaluatedProperties": _unevaluated_properties,
        "$ref": _counted("$ref"),
        "$dynamicRef": _counted("$dynamicRef"),
    },
)
