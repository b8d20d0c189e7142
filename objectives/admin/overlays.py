"""Overlays of a tool set in words, for operators."""

from collections.abc import Iterator, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from objectives.ids import Json

_ATTRIBUTES = {
    "ATTRIBUTE_NAME": "name",
    "ATTRIBUTE_TITLE": "title",
    "ATTRIBUTE_DESCRIPTION": "description",
    "ATTRIBUTE_LLM_TOOL_NAME": "function name",
}
_MATCHERS = {
    "exact": "is",
    "startsWith": "starts with",
    "endsWith": "ends with",
    "contains": "contains",
    "regex": "matches",
}


def overlay_list(overlays: Sequence[Json]) -> SafeString | str:
    """What each overlay does with which tools, in order; a dash for none."""
    if not overlays:
        return "–"
    items = format_html_join("", "<li>{}</li>", ((_overlay(one),) for one in overlays))
    return format_html('<ol class="cb-overlays">{}</ol>', items)


def _overlay(overlay: Json) -> SafeString:
    off = " (switched off)" if overlay.get("disabled") else ""
    does = format_html_join("", "<li>{}</li>", ((line,) for line in _lines(overlay)))
    tools = _selector(overlay["selector"])
    return format_html("<strong>{}</strong>{} for {}<ul>{}</ul>", overlay["key"], off, tools, does)


def _selector(selector: Json) -> str:
    conditions = selector.get("conditions") or []
    between = " or " if selector.get("operator") == "OPERATOR_OR" else " and "
    return f"tools {between.join(map(_condition, conditions))}" if conditions else "all tools"


def _condition(condition: Json) -> str:
    kind = condition["type"]
    part = condition[kind]
    if kind == "hasParameter":
        return f"that take {part['path']}"
    if kind == "tools":
        return f"called {', '.join(part.get('names') or ['(none)'])}"
    matcher = part["matcher"]
    how = matcher["type"]
    capitals = ", by its capitals too" if matcher.get("caseSensitive") else ""
    return f"whose {_ATTRIBUTES[part['attribute']]} {_MATCHERS[how]} {matcher[how]!r}{capitals}"


def _lines(overlay: Json) -> Iterator[str]:
    for one in overlay.get("parameterActions", ()):
        yield _parameter_action(one["type"], one[one["type"]])
    for one in overlay.get("resultActions", ()):
        transform = one["transform"]
        fails = transform["onError"] == "ON_ERROR_FAIL"
        otherwise = "so does the call" if fails else "they stay as they are"
        yield f"writes results anew; where that fails, {otherwise}: {transform['contentTemplate']}"
    if auto_mode := overlay.get("autoMode"):
        mode = auto_mode["passingMode"].removeprefix("PASSING_MODE_").lower()
        asked = "; ".join(f"{one['question']} ({one['threshold']})" for one in auto_mode["questions"])
        yield f"spares people the approval where {mode} of these are passed: {asked}"
    if exposure := overlay.get("widgetArgumentExposure"):
        yield f"{'shows' if exposure['enabled'] else 'hides'} arguments in widgets"


def _parameter_action(kind: str, part: Json) -> str:
    if kind == "remove":
        return f"removes {part['path']}"
    if kind == "set":
        return f"sets {part['path']} to {part['valueTemplate']}"
    fails = part["onMissing"] == "ON_MISSING_FAIL"
    otherwise = "calls without it fail" if fails else "without it the model decides"
    return f"pins {part['path']} to the objective's {part['pinnedParameter']}; {otherwise}"
