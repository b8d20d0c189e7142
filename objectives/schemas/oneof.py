"""Unions: `{"type": "x", "x": {…}}`."""

from typing import Any, ClassVar

from pydantic import model_validator

from objectives.schemas.shape import Shape


class OneOf(Shape):
    """A union as it is read and written. Requests may leave out `type` where one key stands alone.

    Subclasses declare `type` and one optional field a kind; made in code, fields go by the API's names.
    `beside` names further fields, which are no kinds and belong to all of them.
    """

    beside: ClassVar[frozenset[str]] = frozenset()

    type: str
    """The name of the one other key."""

    @model_validator(mode="before")
    @classmethod
    def _with_type(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        names = {name: field.alias or name for name, field in cls.model_fields.items()}
        kinds = [alias for name, alias in names.items() if name not in {"type", *cls.beside}]
        brought = [kind for kind in kinds if given.get(kind) is not None]
        kind = given.get("type")
        if kind in (None, ""):
            kind = brought[0] if len(brought) == 1 else None
        if kind not in kinds:
            raise ValueError(f"`type` is required: {', '.join(kinds)}.")
        if other := [name for name in brought if name != kind]:
            raise ValueError(f"It is of the type {kind}, to which {other[0]} does not belong.")
        more = {names[name]: given[names[name]] for name in cls.beside if names[name] in given}
        return {"type": kind, kind: given.get(kind) if kind in brought else {}, **more}
