"""Tool sets of a client's own space, and their addresses."""

from typing import Any

from objectives.ids import Prefix, spell
from objectives.models import Tool, ToolSet
from tests.objectives.factories import make_tool_set
from tests.objectives.workspace_client import WorkspaceClient


def set_of(api: WorkspaceClient, **fields: Any) -> ToolSet:
    return make_tool_set(space=api.actor.space, created_by=api.actor.principal, **fields)


def path_of(tool_set: ToolSet) -> str:
    return f"/tool_sets/{spell(Prefix.TOOL_SET, tool_set.id)}"


def tools_of(tool_set: ToolSet, tool: Tool | None = None) -> str:
    """The path of a set's tools, or of one of them."""
    return f"{path_of(tool_set)}/tools" + (f"/{spell(Prefix.TOOL, tool.id)}" if tool else "")


def names(page: Any) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]
