"""What overlays make of the arguments of a call."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from objectives.overlays.liquid import CannotRender, render
from objectives.overlays.parameters import Action, Names, actions_of, declared_at
from objectives.overlays.strict_json import read_json
from objectives.spelling import Json

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


def own_part(arguments: Json, overlays: Sequence[Json], pinned: Mapping[str, str]) -> Json:
    """What the model has to answer for of its arguments: those that no overlay removes or overwrites."""
    for action in actions_of(overlays, pinned):
        arguments = _without(arguments, action.place)
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
    in either case.
    """
    until = min(until, time.monotonic() + MOST_SECONDS)
    made = arguments
    for action in actions_of(overlays, given.pinned):
        if action.kind == "remove":
            made = _without(made, action.place)
            continue
        declared = declared_at(parameters, action.place)
        if declared is None and not _has(arguments, action.place):
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


def _without(arguments: Json, place: Names) -> Json:
    name, *deeper = place
    if name not in arguments:
        return arguments
    if not deeper:
        return {key: part for key, part in arguments.items() if key != name}
    below = arguments[name]
    return {**arguments, name: _without(below, tuple(deeper))} if isinstance(below, dict) else arguments


def _with(arguments: Json, place: Names, value: Any) -> Json:
    """What stands in the way of a place and is no object has to give way: the place is not the model's."""
    name, *deeper = place
    if deeper:
        below = arguments.get(name)
        value = _with(below if isinstance(below, dict) else {}, tuple(deeper), value)
    return {**arguments, name: value}
