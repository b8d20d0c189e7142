"""What a variation may call, each thing with who has to agree, for its page."""

import time
from collections.abc import Iterator
from typing import Any

from django.db.models import Model, Q
from django.template.loader import render_to_string

from executions.models import Skill
from objectives.models import Agent, AgentState, AgentVariation, Tool, ToolSetState, ToolState
from objectives.overlays.rows import MOST_SECONDS, auto_mode_of, overlays_of
from objectives.planning.discovery import FIND_TOOLS
from objectives.validation.labels import skills_wanted
from spaces.admin.kit.formatting import link_to
from spaces.errors import NotReady

MOST_SHOWN = 500  # tools, and sub-agents
BY_ITSELF, ASKED = "by itself", "once somebody agrees"
_HOW = {"auto": BY_ITSELF, "approval": ASKED, "read": "read by itself, and followed"}  # a skill, by its mode


def may_call(variation: AgentVariation) -> str:
    """A table of its tools, sub-agents, skills and the search for more; a dash for none."""
    rows = [*_tools(variation), *_agents(variation), *_skills(variation), *_search(variation)]
    return render_to_string("admin/objectives/may_call.html", {"rows": rows}) if rows else "–"


def _row(kind: str, thing: Model | str, agreement: str, *, of: Model | None = None) -> dict[str, Any]:
    shown = thing if isinstance(thing, str) else link_to(thing)
    return {"kind": kind, "thing": shown, "of": link_to(of) if of else "", "agreement": agreement}


def _tools(variation: AgentVariation) -> Iterator[dict[str, Any]]:
    assigned = Q(assignments__variation=variation) | Q(tool_set__assignments__variation=variation)
    tools = Tool.objects.filter(assigned).select_related("tool_set").distinct()
    until = time.monotonic() + MOST_SECONDS
    for tool in tools.order_by("function_name", "created_at", "id")[:MOST_SHOWN]:
        yield _row("Tool", tool, _agreement(tool, until), of=tool.tool_set)


def _agreement(tool: Tool, until: float) -> str:
    if tool.state != ToolState.AVAILABLE:
        return f"not offered: the tool is {tool.get_state_display().lower()}"
    if tool.tool_set.state != ToolSetState.ACTIVE:
        return "not offered: its set is archived"
    try:
        is_judged = auto_mode_of(overlays_of(tool, tool.tool_set, until=until)) is not None
    except NotReady:
        return "as the overlays of its set say"
    if is_judged:
        return "once auto mode or somebody agrees"
    return ASKED if tool.requires_approval else BY_ITSELF


def _agents(variation: AgentVariation) -> Iterator[dict[str, Any]]:
    for agent in Agent.objects.filter(callers__variation=variation).order_by("name", "id")[:MOST_SHOWN]:
        is_offered = agent.state == AgentState.PUBLISHED
        yield _row("Sub-agent", agent, BY_ITSELF if is_offered else "not offered: it is not published")


def _skills(variation: AgentVariation) -> Iterator[dict[str, Any]]:
    """Those of its labels; a tenant's own skill hides the deployment's of the same name."""
    wanted = skills_wanted(variation.labels)
    known = Skill.objects.filter(
        Q(tenant=variation.space.tenant_id) | Q(tenant=None), slug__in=wanted, retired_at=None
    ).order_by("-tenant")
    found = {skill.slug: skill for skill in known}
    for slug, mode in wanted.items():
        if slug in found:
            yield _row("Skill", found[slug], _HOW[mode])
        else:
            yield _row("Skill", slug, "not offered: there is no such skill")


def _search(variation: AgentVariation) -> Iterator[dict[str, Any]]:
    if variation.progressive_discovery is not None:
        yield _row("Search", FIND_TOOLS, f"{BY_ITSELF}; what it finds as that says")
