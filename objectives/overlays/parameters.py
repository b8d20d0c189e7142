"""Places among a tool's parameters, and the schema that overlays leave for the model to see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from objectives.ids import Json

type Names = tuple[str, ...]
"""A place: names of properties from the outermost on."""

ON_MISSING_SKIP = "ON_MISSING_SKIP"


def names_of(path: str) -> Names:
    """The place that a dotted path means."""
    return tuple(path.split("."))


@dataclass(frozen=True, slots=True)
class Action:
    """What an overlay (by its key) does with a parameter: `remove`, `set` or `pin`, and that part of it."""

    overlay: str
    kind: str
    part: Json
    place: Names


def actions_of(overlays: Sequence[Json], pinned: Mapping[str, str]) -> Iterator[Action]:
    """The parameter actions that count for an objective, in order.

    `pinned` are the objective's pinned parameters; what a `pin` leaves to the model for want of one is not
    among the actions.
    """
    for overlay in overlays:
        for one in overlay.get("parameterActions", ()):
            kind = one["type"]
            part = one[kind]
            if kind == "pin" and _is_skipped(part, pinned):
                continue
            yield Action(overlay["key"], kind, part, names_of(part["path"]))


def seen_parameters(parameters: Json, overlays: Sequence[Json], pinned: Mapping[str, str]) -> Json:
    """The schema that the model sees: without what overlays remove, set or pin."""
    for action in actions_of(overlays, pinned):
        parameters = _undeclared(parameters, action.place)
    return parameters


def declared_at(parameters: Json, place: Names) -> Json | None:
    """The schema of a parameter; None where it is not declared, or behind `$ref`, `allOf` and the like."""
    schema: object = parameters
    for name in place:
        schema = property_of(schema, name)
        if schema is None:
            return None
    return schema if isinstance(schema, dict) else {}


def property_of(schema: object, name: str) -> object:
    """The schema that a schema has for a property, of whatever form; None where it declares none."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return properties.get(name) if isinstance(properties, dict) else None


def declares_a_list(schema: object) -> bool:
    """Whether a schema says itself that a value may be a list, or what is in one."""
    if not isinstance(schema, dict):
        return False
    kinds = schema.get("type")
    named = "array" in kinds if isinstance(kinds, list) else kinds == "array"
    return named or "items" in schema or "prefixItems" in schema


def _is_skipped(pin: Json, pinned: Mapping[str, str]) -> bool:
    return pin["onMissing"] == ON_MISSING_SKIP and pin["pinnedParameter"] not in pinned


def _undeclared(schema: Json, place: Names) -> Json:
    """The schema without a parameter, which is not required any more; unchanged where it is not declared."""
    name, *deeper = place
    properties = schema.get("properties")
    if not isinstance(properties, dict) or name not in properties:
        return schema
    if deeper:
        below = properties[name]
        left = _undeclared(below, tuple(deeper)) if isinstance(below, dict) else below
        return {**schema, "properties": {**properties, name: left}}
    kept = {key: part for key, part in properties.items() if key != name}
    required = schema.get("required")
    if not isinstance(required, list) or name not in required:
        return {**schema, "properties": kept}
    return {**schema, "properties": kept, "required": [key for key in required if key != name]}
