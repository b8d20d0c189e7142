"""From the arguments that a model wrote to those that its tool gets.

What the objective pins by name comes first, then the tool set's overlays, in their order: a rule for these
tools goes before data that happens to have a parameter's name.
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from executions.inference.interface import ToolRequest
from executions.postgres_text import storable
from executions.runner.prompt_texts import problem_with
from objectives.ids import Json
from objectives.models import Objective
from objectives.overlays.arguments import CannotRewrite, own_part, rewritten
from objectives.overlays.rows import given_by
from objectives.planning.plan import Offered, Plan

MOST_SECONDS = 5.0  # of filling the templates of all calls of one response


class ArgumentsRefused(Exception):
    """The call cannot be made with these arguments; the message tells the model why."""


def arguments_of(
    requests: Sequence[ToolRequest], plan: Plan, objective: Objective
) -> list[Json | ArgumentsRefused]:
    """The final arguments of each call, in order, or why it cannot be made; empty for no function.

    Not for transactions on the objective: templates and patterns take their time, and a head that is locked
    so long loses its lease.
    """
    until = time.monotonic() + MOST_SECONDS
    return [_arguments_or_refusal(one, plan, objective, until) for one in requests]


def _arguments_or_refusal(
    request: ToolRequest, plan: Plan, objective: Objective, until: float
) -> Json | ArgumentsRefused:
    offered = plan.of_function(request.name)
    if offered is None:
        return {}
    try:
        return final_arguments(request.arguments, offered, objective, until=until)
    except ArgumentsRefused as refused:
        return refused


def final_arguments(
    written: Json | None, offered: Offered, objective: Objective, *, until: float = math.inf
) -> Json:
    """The arguments that are recorded, shown, approved and sent; raises ArgumentsRefused.

    `written` is what the model wrote, None for no JSON object. It answers only for what it was shown.
    Templates must be filled by `until` (monotonic).
    """
    if written is None:
        raise ArgumentsRefused("The arguments must be a JSON object.")
    pinned = objective.pinned_parameters
    unpinned = {key: value for key, value in written.items() if key not in pinned}
    whole: Json = offered.snapshot.get("spec", {}).get("parameters") or {}
    own = own_part(unpinned, whole, offered.overlays, pinned)
    problem = problem_with(own, {"type": "object", **offered.parameters}, name="arguments")
    if problem is not None:
        raise ArgumentsRefused(problem)
    arguments = _with_pins(written, whole, pinned)
    try:
        made: Json = storable(rewritten(arguments, whole, offered.overlays, given_by(objective), until=until))
    except CannotRewrite as cannot:
        raise ArgumentsRefused(str(cannot)) from None
    return made


def _with_pins(arguments: Json, parameters: Json, pinned: Mapping[str, str]) -> Json:
    """Pins in the types that the function takes them in, for what it declares and for what the model sent."""
    properties = parameters.get("properties") or {}
    forced = {
        key: _typed(text, properties.get(key))
        for key, text in pinned.items()
        if key in properties or key in arguments
    }
    return {**arguments, **forced}


def _typed(text: str, schema: Any) -> Any:
    """Pins are texts; a parameter of another simple type gets what the text says, if it says such a thing."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
    except ValueError:
        return text
    if kind == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return text
