"""What overlays make of the arguments of a call."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from objectives.ids import Json
from objectives.overlays.liquid import CannotRender, render
from objectives.overlays.parameters import (
    Action,
    Names,
    actions_of,
    declared_at,
    declares_a_list,
    property_of,
)
from objectives.overlays.strict_json import read_json

MOST_SECONDS = 2.0  # of filling the templates of one call

_is_type = Draft202012Validator.TYPE_CHECKER.is_type


class CannotRewrite(Exception):
    """A call lacks a value that an overlay gives it; the message says which, and why."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What an objective supplies to overlays; `id` as the API writes it, `external_id` "" for none."""

    pinned: Mapping[str, str]
    id: str
    external_id: str
    labels: Mapping[str, str]

    def values(self) -> Json:
        """What templates may name."""
        objective = {"id": self.id, "external_id": self.external_id, "labels": dict(self.labels)}
        return {"pinned_parameters": dict(self.pinned), "objective": objective}


def own_part(arguments: Json, parameters: Json, overlays: Sequence[Json], pinned: Mapping[str, str]) -> Json:
    """What the model has to answer for of its arguments: those that no overlay removes or overwrites.

    `parameters` is the tool's own schema.
    """
    for action in actions_of(overlays, pinned):
        arguments = _without(arguments, action.place, parameters)
    return arguments


def rewritten(
    arguments: Json,
    parameters: Json,
    overlays: Sequence[Json],
    given: Given,
    *,
    until: float = math.inf,
) -> Json:
    """The arguments that the tool gets for those of the model; raises CannotRewrite, also after `until`.

    `until` is monotonic. `parameters` is the tool's own schema. A value is set or pinned where the tool
    declares the parameter, or else where the model sent it: what the model may not see it cannot decide on
    in either case. Inside lists that the tool does not declare it is dropped, as what is removed is.
    """
    until = min(until, time.monotonic() + MOST_SECONDS)
    made = arguments
    for action in actions_of(overlays, given.pinned):
        declared = declared_at(parameters, action.place)
        is_wanted = declared is not None or _has(arguments, action.place)
        if action.kind == "remove" or not is_wanted:
            made = _without(made, action.place, parameters)
            continue
        try:
            made = _with(made, action.place, _typed(_text_of(action, given, until), declared or {}))
        except (CannotRender, ValueError) as error:
            message = f"The overlay {action.overlay!r} has no value for {action.part['path']}: {error}"
            raise CannotRewrite(message if message.endswith(".") else f"{message}.") from None
    return made


def _text_of(action: Action, given: Given, until: float) -> str:
    """What a value is made of; raises CannotRender and ValueError."""
    if action.kind == "set":
        return render(action.part["valueTemplate"], given.values(), until=until)
    name = action.part["pinnedParameter"]
    if name not in given.pinned:
        raise ValueError(f"the objective has no pinned parameter {name!r}")
    return given.pinned[name]


def _typed(text: str, schema: Json) -> Any:
    """The text in the type that a parameter is declared with; raises ValueError where it is none of it."""
    declared = schema.get("type")
    kinds = [declared] if isinstance(declared, str) else declared
    if not isinstance(kinds, list) or not kinds or "string" in kinds:
        return text
    told = " or ".join(str(kind) for kind in kinds)
    try:
        value = read_json(text)
    except ValueError:
        raise ValueError(f"its text is not JSON, and the parameter is declared as {told}") from None
    if not any(_is_type(value, kind) for kind in kinds):
        raise ValueError(f"its text is not of the type {told}, which the parameter is declared as")
    return value


def _has(arguments: object, place: Names) -> bool:
    for name in place:
        if not isinstance(arguments, dict) or name not in arguments:
            return False
        arguments = arguments[name]
    return True


def _without(value: Any, place: Names, schema: object) -> Any:
    """A value without what stands at a place, also in the items of lists that its schema does not declare.

    Whoever may not send an object with a name in it may not send it wrapped into a list either. Items of
    declared lists the model is shown, and no place names them.
    """
    if isinstance(value, list):
        return value if declares_a_list(schema) else [_without(item, place, None) for item in value]
    name, *deeper = place
    if not isinstance(value, dict) or name not in value:
        return value
    if not deeper:
        return {key: part for key, part in value.items() if key != name}
    return {**value, name: _without(value[name], tuple(deeper), property_of(schema, name))}


def _with(arguments: Json, place: Names, value: Any) -> Json:
    """What stands in the way of a place and is no object has to give way: the place is not the model's."""
    name, *deeper = place
    if deeper:
        below = arguments.get(name)
        value = _with(below if isinstance(below, dict) else {}, tuple(deeper), value)
    return {**arguments, name: value}
