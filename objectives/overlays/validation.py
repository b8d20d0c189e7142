"""What overlays must fulfil when they are written, beside their shapes."""

import time
from collections.abc import Sequence

import orjson
import regex

from executions.catalog.safe_jsonschema import is_found
from objectives.ids import Json
from objectives.models import AdapterKind
from objectives.overlays.liquid import problem_of
from objectives.schemas.matching import StringMatcher
from objectives.schemas.overlays import Condition, ToolOverlay
from spaces.errors import Invalid

MOST_OVERLAYS = 50
MOST_BYTES = 200_000  # of all overlays of a set: each objective's plan holds those of its tools
TRIAL_SECONDS = 0.5

type Loc = tuple[str | int, ...]
WHERE: Loc = ("body", "spec", "overlays")


def check_overlays(overlays: Sequence[ToolOverlay] | None, adapter: str) -> list[Json]:
    """Overlays as they are kept, for a set with this kind of adapter; raises Invalid naming the field."""
    kept = [one.wire() for one in overlays or ()]
    if len(kept) > MOST_OVERLAYS:
        raise Invalid.field(*WHERE, msg=f"A tool set has at most {MOST_OVERLAYS} overlays.")
    if len(orjson.dumps(kept)) > MOST_BYTES:
        raise Invalid.field(*WHERE, msg=f"They are larger than {MOST_BYTES} bytes.")
    seen: set[str] = set()
    for place, overlay in enumerate(overlays or ()):
        if overlay.key in seen:
            raise Invalid.field(*WHERE, place, "key", msg="Another overlay of the set already has this key.")
        seen.add(overlay.key)
        _check_selector(overlay, (*WHERE, place, "selector"))
        _check_actions(overlay, (*WHERE, place))
    check_results(kept, adapter)
    return kept


def check_results(overlays: Sequence[Json], adapter: str) -> None:
    """Raises Invalid where kept overlays would change the results of bare tools."""
    for place, overlay in enumerate(overlays):
        if overlay.get("resultActions") and adapter == AdapterKind.BARE:
            message = "The results of bare tools are given from outside: overlays do not change them."
            raise Invalid.field(*WHERE, place, "resultActions", msg=message)


def _check_selector(overlay: ToolOverlay, loc: Loc) -> None:
    selector = overlay.selector
    if len(selector.conditions) > 1 and selector.operator == "OPERATOR_UNSPECIFIED":
        message = "`operator` is required: OPERATOR_AND or OPERATOR_OR."
        raise Invalid.field(*loc, "operator", msg=message)
    for place, condition in enumerate(selector.conditions):
        matcher = _matcher(condition)
        if matcher is not None and matcher.regex is not None:
            check_pattern(matcher.regex, *loc, "conditions", place, "attribute", "matcher", "regex")


def _matcher(condition: Condition) -> StringMatcher | None:
    return condition.attribute.matcher if condition.attribute else None


def check_pattern(pattern: str, *loc: str | int) -> None:
    """Raises Invalid at `loc` unless this is a regular expression that can be looked for."""
    try:
        is_found(pattern, "", until=time.monotonic() + TRIAL_SECONDS)
    except TimeoutError:
        raise Invalid.field(*loc, msg="Matching this pattern took too long.") from None
    except (regex.error, RecursionError, OverflowError, ValueError, LookupError, TypeError) as error:
        raise Invalid.field(*loc, msg=f"Invalid regular expression: {str(error)[:200]}") from None


def _check_actions(overlay: ToolOverlay, loc: Loc) -> None:
    for place, action in enumerate(overlay.parameter_actions):
        if action.set is not None:
            where = ("parameterActions", place, "set", "valueTemplate")
            _check_template(action.set.value_template, *loc, *where)
    for place, result_action in enumerate(overlay.result_actions):
        if result_action.transform is not None:
            where = ("resultActions", place, "transform", "contentTemplate")
            _check_template(result_action.transform.content_template, *loc, *where)


def _check_template(template: str, *loc: str | int) -> None:
    problem = problem_of(template)
    if problem is not None:
        raise Invalid.field(*loc, msg=problem)
