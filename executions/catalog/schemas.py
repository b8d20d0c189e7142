"""Check that a skill's JSON Schemas are sound and never reach the network."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from executions.catalog.errors import BundleProblem, BundleRefused
from executions.catalog.safe_jsonschema import bounded_validator, is_inapplicable, problems_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCES = ("$ref", "$dynamicRef")
_IDENTITIES = ("$id", "$anchor", "$dynamicAnchor")
MOST_PROBLEMS = 20


def check_schema(schema: object, path: str) -> dict[str, Any]:
    """`schema` itself, once it is a sound Draft 2020-12 schema of an object.

    Raises BundleRefused with the path of the offending keyword, `path` being the schema's own.
    References must be `#/…` within the same schema, so that validating never fetches anything.
    """
    if not isinstance(schema, dict):
        raise BundleRefused("must be a JSON Schema (a mapping)", path)
    if schema.get("$schema", DIALECT) != DIALECT:
        raise BundleRefused(f"must be {DIALECT}", f"{path}.$schema")
    check_references(schema, path)
    _check_keywords(schema, path)
    if schema.get("type") != "object":
        raise BundleRefused("must be `object`", f"{path}.type", "type: object")
    check_ends(schema, path)
    return schema


def _check_keywords(schema: dict[str, Any], path: str) -> None:
    """Raises BundleRefused with every keyword that is wrong by the dialect's own schema, at most 20."""
    validator = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    problems: list[BundleProblem] = []
    for error in islice(validator.iter_errors(schema), MOST_PROBLEMS):
        best = best_match([error]) or error
        problem = BundleProblem(best.message, dotted(path, best.absolute_path))
        problems += [problem] if problem not in problems else []
    if problems:
        raise BundleRefused.for_all(problems)


def dotted(path: str, parts: Any) -> str:
    """`path` and then each of `parts`, joined by dots."""
    return ".".join([path, *map(str, parts)])


def check_references(schema: dict[str, Any], path: str) -> None:
    """Raises BundleRefused with the path of a reference that leaves the schema, or leads nowhere in it."""
    resolver = Registry().with_resource("", DRAFT202012.create_resource(schema)).resolver()
    for keyword, value, where in _walk(schema, path):
        if keyword in _IDENTITIES and isinstance(value, str):
            raise BundleRefused("is not supported: refer to parts by `#/$defs/…`", where)
        if keyword not in _REFERENCES or not isinstance(value, str):
            continue
        if value != "#" and not value.startswith("#/"):
            raise BundleRefused(f"{value!r} is outside this schema; only `#/…` is allowed", where)
        try:
            resolver.lookup(value)
        except Unresolvable:
            raise BundleRefused(f"{value!r} is not in this schema", where) from None


def _walk(node: object, path: str) -> Iterator[tuple[str, object, str]]:
    """Every (key, value, path of the value) at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value, f"{path}.{key}"
            yield from _walk(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk(value, f"{path}.{index}")


def check_ends(schema: dict[str, Any], path: str) -> None:
    """Raises BundleRefused for a schema that refers to itself without consuming anything."""
    for problem in problems_of(bounded_validator(schema), {}):
        if is_inapplicable(problem):
            raise BundleRefused("has a circular $ref", path)
