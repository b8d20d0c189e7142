"""Check that a skill's JSON Schemas are sound and never reach the network."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from executions.catalog.errors import BundleRefused
from executions.catalog.safe_jsonschema import bounded_validator, is_inapplicable, problems_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCES = ("$ref", "$dynamicRef")
_IDENTITIES = ("$id", "$anchor", "$dynamicAnchor")


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
    try:
        Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    except SchemaError as error:
        raise BundleRefused(error.message, dotted(path, error.absolute_path)) from error
    if schema.get("type") != "object":
        raise BundleRefused("must be `object`", f"{path}.type")
    check_ends(schema, path)
    return schema


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
