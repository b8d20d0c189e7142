"""Overlays of the rows: what they mean for a tool, for an objective, and for lists of tools."""

import math
import time
from collections.abc import Collection

from objectives.ids import Json, Prefix, spell
from objectives.models import Objective, Tool, ToolSet
from objectives.overlays.arguments import Given
from objectives.overlays.parameters import seen_parameters
from objectives.overlays.selection import Subject, applying

MOST_SECONDS = 3.0  # of looking for the patterns of many tools


def overlays_of(tool: Tool, tool_set: ToolSet, *, until: float = math.inf) -> list[Json]:
    """Those of its set that apply to a tool, in order; raises NotReady where that is not known at `until`."""
    return applying(tool_set.overlays, _subject(tool), until=until) if tool_set.overlays else []


def auto_mode_of(overlays: list[Json]) -> Json | None:
    """The one that counts among a tool's overlays, which is the last."""
    return next((one["autoMode"] for one in reversed(overlays) if one.get("autoMode")), None)


def exposes_arguments(overlays: list[Json]) -> bool:
    """Whether the last of a tool's overlays with an opinion lets visitors of a widget see arguments."""
    opinions = [one["widgetArgumentExposure"] for one in overlays if one.get("widgetArgumentExposure")]
    return bool(opinions and opinions[-1]["enabled"])


def effective_parameters(tool: Tool, overlays: list[Json]) -> Json:
    """The schema that an objective without pinned parameters lets the model see.

    A parameter that is pinned with `ON_MISSING_SKIP` is in it: without a pin it is the model's.
    """
    return seen_parameters(tool.parameters, overlays, {})


def tools_changed_by(keys: Collection[str], tool_set: ToolSet) -> list[Tool]:
    """The tools of a set to which one of these overlays applies, in one query; only their ids are of use.

    Raises NotReady where that takes too long to tell.
    """
    named = [one for one in tool_set.overlays if one["key"] in keys]
    if not named:
        return []
    columns = ("name", "description", "function_name", "parameters", "config")
    until = time.monotonic() + MOST_SECONDS
    return [tool for tool in tool_set.tools.only(*columns) if applying(named, _subject(tool), until=until)]


def given_by(objective: Objective) -> Given:
    """What an objective supplies to overlays."""
    return Given(
        pinned=objective.pinned_parameters,
        id=spell(Prefix.OBJECTIVE, objective.id),
        external_id=objective.external_id,
        labels=objective.labels,
    )


def _subject(tool: Tool) -> Subject:
    annotations = tool.config.get("annotations")
    title = annotations.get("title") if isinstance(annotations, dict) else None
    return Subject(
        name=tool.name,
        title=title or "",
        description=tool.description,
        function=tool.function_name,
        parameters=tool.parameters,
    )
