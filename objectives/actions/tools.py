"""What people do with the tools of a set; see `objectives.actions.resources` for what every verb raises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from objectives.access.permissions import MANAGE_TOOLS
from objectives.actions.finding import locked_tool_set
from objectives.actions.resources import METADATA, Edit, ResourceService, column
from objectives.ids import Json, Prefix
from objectives.lifecycles.tools import move
from objectives.models import Assignment, Tool, ToolState
from objectives.schemas.tools import NewTool, ToolConfig
from objectives.selectors import find
from objectives.validation.labels import check_labels, read_tool_labels
from objectives.validation.tools import NO_PARAMETERS, check_config, check_parameters, function_name_of
from spaces.access import SpaceAccess
from spaces.errors import NotReady


def _locked(access: SpaceAccess, tool_set: str, tool: str, *, against_assignment: bool = False) -> Tool:
    """A tool of a set, both locked; `against_assignment` keeps anybody from assigning it meanwhile."""
    # The set's lock makes its tools take their functions' names one after the other.
    owner = locked_tool_set(access, tool_set)
    row = find(owner.tools.select_for_update(no_key=not against_assignment), Prefix.TOOL, tool)
    row.tool_set = owner
    return row


def _write_parameters(row: Tool, schema: Json | None, edit: Edit) -> None:
    row.parameters = schema or NO_PARAMETERS
    check_parameters(row.parameters, *edit.loc)


def _write_config(row: Tool, config: ToolConfig | None, _: Edit) -> None:
    row.config = check_config(config, row.tool_set.adapter)


def _write_function_name(row: Tool, name: str | None, _: Edit) -> None:
    others = Tool.objects.filter(tool_set_id=row.tool_set_id).exclude(pk=row.pk)
    row.function_name = name or function_name_of(
        row.name, set(others.values_list("function_name", flat=True))
    )


TOOLS = ResourceService[Tool](
    permission=MANAGE_TOOLS,
    lock=_locked,
    writers={
        **METADATA,
        "metadata.labels": column("labels", check_labels, read_tool_labels),
        "spec.description": column("description"),
        "spec.requires_approval": column("requires_approval"),
        "spec.parameters": _write_parameters,
        "spec.config": _write_config,
        "spec.llm_tool_name": _write_function_name,
    },
    taken={"a_function_is_one_tool_of_its_set": "Another tool of this set already has that llmToolName."},
)


def create_tool(*, access: SpaceAccess, tool_set: str, wanted: NewTool, now: datetime) -> Tool:
    """A new tool of a set, available at once."""
    with TOOLS.permitted(access):
        owner = locked_tool_set(access, tool_set)
        return TOOLS.create(Tool(tool_set=owner), wanted, Edit(access, now))


def update_tool(
    *, access: SpaceAccess, tool_set: str, tool: str, changes: Mapping[str, Any], now: datetime
) -> Tool:
    """Change a tool; objectives that run keep the old one."""
    return TOOLS.update(access, tool_set, tool, changes=changes, now=now)


def omit_tool(*, access: SpaceAccess, tool_set: str, tool: str, now: datetime) -> Tool:
    """Leave a tool out: it is offered to nobody. Raises NotReady while it is assigned, and IllegalMove."""
    with TOOLS.changing(access, tool_set, tool, now=now, against_assignment=True) as row:
        _require_unassigned(row)
        move(row, ToolState.OMITTED)
    return row


def restore_tool(*, access: SpaceAccess, tool_set: str, tool: str, now: datetime) -> Tool:
    """Include a tool again; raises IllegalMove for another."""
    with TOOLS.changing(access, tool_set, tool, now=now) as row:
        move(row, ToolState.AVAILABLE)
    return row


def delete_tool(*, access: SpaceAccess, tool_set: str, tool: str) -> None:
    """Remove a tool; raises NotReady while it is assigned. Calls that were made keep what they show."""
    with TOOLS.locked(access, tool_set, tool, against_assignment=True) as row:
        _require_unassigned(row)
        row.delete()


def _require_unassigned(row: Tool) -> None:
    if Assignment.objects.filter(tool=row).exists():
        raise NotReady("This tool is assigned to an agent variation.")
