"""Which tools an overlay means."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from executions.catalog.safe_jsonschema import is_found
from objectives.ids import Json
from objectives.overlays.parameters import declared_at, names_of
from spaces.errors import NotReady

MOST_SECONDS = 1.0  # of looking for patterns, for one tool


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A tool as selectors see it: `title` "" for none, `parameters` its own schema, changed by no overlay."""

    name: str
    title: str
    description: str
    function: str
    parameters: Json

    def attribute(self, name: str) -> str:
        """What an `ATTRIBUTE_…` of the API is."""
        return {
            "ATTRIBUTE_NAME": self.name,
            "ATTRIBUTE_TITLE": self.title,
            "ATTRIBUTE_DESCRIPTION": self.description,
            "ATTRIBUTE_LLM_TOOL_NAME": self.function,
        }[name]


def applying(overlays: Sequence[Json], subject: Subject, *, until: float = math.inf) -> list[Json]:
    """Those of the overlays that are switched on and mean this tool, in order; `until` is monotonic.

    Raises NotReady where that cannot be told in time: to leave such an overlay out might give the model what
    the overlay is to keep from it.
    """
    until = min(until, time.monotonic() + MOST_SECONDS)
    return [one for one in overlays if not one.get("disabled") and _means(one, subject, until)]


def matches(matcher: Json, text: str, *, until: float) -> bool:
    """Whether a text is as a `StringMatcher` says; raises TimeoutError once `until` (monotonic) is over."""
    kind = matcher["type"]
    wanted, ignores_case = matcher[kind], not matcher.get("caseSensitive")
    if kind == "regex":
        return is_found(wanted, text, until=until, ignores_case=ignores_case)
    if ignores_case:
        wanted, text = wanted.casefold(), text.casefold()
    ways: dict[str, bool] = {
        "exact": text == wanted,
        "startsWith": text.startswith(wanted),
        "endsWith": text.endswith(wanted),
        "contains": wanted in text,
    }
    return ways[kind]


def _means(overlay: Json, subject: Subject, until: float) -> bool:
    conditions = overlay["selector"].get("conditions") or []
    holds = any if overlay["selector"].get("operator") == "OPERATOR_OR" else all
    try:
        return not conditions or holds(_fulfils(subject, one, until) for one in conditions)
    except TimeoutError:
        raise NotReady(
            f"The pattern of the overlay {overlay['key']!r} takes too long for the tool {subject.name!r}."
        ) from None


def _fulfils(subject: Subject, condition: Json, until: float) -> bool:
    kind = condition["type"]
    wanted = condition[kind]
    if kind == "tools":
        return subject.function in wanted.get("names", ())
    if kind == "hasParameter":
        return declared_at(subject.parameters, names_of(wanted["path"])) is not None
    text = subject.attribute(wanted["attribute"])
    is_titled = wanted["attribute"] != "ATTRIBUTE_TITLE" or text
    return bool(is_titled) and matches(wanted["matcher"], text, until=until)
