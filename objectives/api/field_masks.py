"""What a PATCH changes: the fields it names, or those it brings."""

import re
from typing import Any, get_args

from objectives.schemas.metadata import ChangedResource
from objectives.schemas.shape import Shape
from spaces.errors import Invalid

_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
type Changes = dict[str, Any]


class Patch(Shape):
    """The body of an update; subclasses say what `spec` is."""

    metadata: ChangedResource | None = None
    """What changes of its identity."""
    update_mask: str = ""
    """Paths that change, joined by commas: `metadata.name,spec.description`. A path that the body leaves out
    is cleared. Without a mask whatever the body brings changes."""


def changes(patch: Patch, **parts: type[Shape]) -> Changes:
    """The new value of each field that changes, by path in snake_case: `{"spec.description": "…"}`.

    `parts` are the shapes of the body's parts, `metadata` apart: `spec=AgentSpec`. Fields go by their names
    in the shapes. None means that the mask names a field which the body leaves out: it is cleared.
    Raises Invalid for a path that there is not.
    """
    shapes: dict[str, type[Shape]] = {"metadata": ChangedResource, **parts}
    if patch.update_mask.strip():
        return {path: _value(patch, path) for path in _masked(patch.update_mask, shapes)}
    return {
        f"{part}.{name}": getattr(given, name)
        for part in shapes
        if (given := getattr(patch, part)) is not None
        for name in type(given).model_fields
        if name in given.model_fields_set
    }


def _masked(mask: str, shapes: dict[str, type[Shape]]) -> list[str]:
    fields = {part: _fields(shape) for part, shape in shapes.items()}
    paths: list[str] = []
    for word in filter(None, (word.strip() for word in mask.split(","))):
        part, dot, deeper = _snake(word).partition(".")
        field, _, inner = deeper.partition(".")
        is_known = part in fields and (not dot or field in fields[part])
        if not is_known or (inner and not _leads(inner, shapes[part], fields[part][field])):
            raise Invalid.field("body", "updateMask", msg="Unknown path.", value=word[:200])
        # A whole part stands for all its fields; what lies deeper is replaced with the field that holds it.
        names = [fields[part][field]] if dot else list(fields[part].values())
        paths.extend(f"{part}.{name}" for name in names)
    return list(dict.fromkeys(paths))


def _fields(shape: type[Shape]) -> dict[str, str]:
    """Our names of a shape's fields by the API's: what pydantic keeps for itself is called otherwise."""
    return {_snake(field.alias or name): name for name, field in shape.model_fields.items()}


def _leads(path: str, shape: type[Shape], field: str) -> bool:
    """Whether a path goes on inside a field; in maps, lists and texts none does: all would be cleared."""
    annotation = shape.model_fields[field].annotation
    word, _, deeper = path.partition(".")
    for inner in (annotation, *get_args(annotation)):
        if isinstance(inner, type) and issubclass(inner, Shape) and word in (names := _fields(inner)):
            return not deeper or _leads(deeper, inner, names[word])
    return False


def _snake(text: str) -> str:
    return _CAMEL.sub(r"_\1", text).lower()


def _value(patch: Patch, path: str) -> Any:
    part, _, field = path.partition(".")
    given = getattr(patch, part)
    return None if given is None or field not in given.model_fields_set else getattr(given, field)
