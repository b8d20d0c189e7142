"""What people do with the tools of a set; each verb raises NotPermitted too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from objectives.access.permissions import MANAGE_TOOLS
from objectives.actions.finding import locked_tool_set
from objectives.actions.naming import change_identity, new_identity, unique_names
from objectives.addressing import find
from objectives.checks.tools import NO_PARAMETERS, check_config, check_parameters, function_name_of
from objectives.labels.tools import read_tool_labels
from objectives.lifecycles.tools import move
from objectives.models import Assignment, Tool, ToolSet, ToolState
from objectives.shapes.tools import NewTool
from objectives.spelling import Prefix
from spaces.access import SpaceAccess
from spaces.errors import NotReady

_UNIQUE = {"a_function_is_one_tool_of_its_set": "Another tool of this set has that llmToolName."}


def create_tool(*, access: SpaceAccess, tool_set: str, wanted: NewTool, now: datetime) -> Tool:
    """A new tool of a set, available at once; raises NotFound, Invalid, AlreadyExists and Unimplemented."""
    access.require(MANAGE_TOOLS)
    spec = wanted.spec
    read_tool_labels(wanted.metadata.labels)
    with unique_names(**_UNIQUE):
        # The lock makes tools of one set take their functions' names one after the other.
        owner = locked_tool_set(access, tool_set)
        tool = Tool(
            **new_identity(wanted.metadata, access=access, now=now),
            tool_set=owner,
            description=spec.description or "",
            requires_approval=bool(spec.requires_approval),
            config=check_config(spec.config, owner.adapter),
        )
        tool.parameters = spec.parameters or NO_PARAMETERS
        check_parameters(tool.parameters)
        tool.function_name = spec.llm_tool_name or _free_function_name(tool)
        tool.save(force_insert=True)
    return tool


def update_tool(
    *, access: SpaceAccess, tool_set: str, tool: str, changes: Mapping[str, Any], now: datetime
) -> Tool:
    """Change what `changes` says by path (see `objectives.api.masks`); objectives that run keep the old tool.

    Raises NotFound, Invalid, AlreadyExists and Unimplemented.
    """
    access.require(MANAGE_TOOLS)
    with unique_names(**_UNIQUE):
        owner = locked_tool_set(access, tool_set)
        row = _locked(owner, tool)
        fields = change_identity(row, changes)
        read_tool_labels(row.labels)
        fields |= _change_spec(row, changes)
        row.updated_at = now
        row.save(update_fields=[*sorted(fields), "updated_at"])
    return row


def omit_tool(*, access: SpaceAccess, tool_set: str, tool: str, now: datetime) -> Tool:
    """Leave a tool out: it is offered to nobody. Raises NotReady while it is assigned, and IllegalMove."""
    access.require(MANAGE_TOOLS)
    with transaction.atomic():
        row = _locked(locked_tool_set(access, tool_set), tool, against_assignment=True)
        _require_unassigned(row)
        move(row, ToolState.OMITTED, now=now)
    return row


def restore_tool(*, access: SpaceAccess, tool_set: str, tool: str, now: datetime) -> Tool:
    """Offer a tool again that was left out; raises IllegalMove for another."""
    access.require(MANAGE_TOOLS)
    with transaction.atomic():
        row = _locked(locked_tool_set(access, tool_set), tool)
        move(row, ToolState.AVAILABLE, now=now)
    return row


def delete_tool(*, access: SpaceAccess, tool_set: str, tool: str) -> None:
    """Remove a tool; raises NotReady while it is assigned. Calls that were made keep what they show."""
    access.require(MANAGE_TOOLS)
    with transaction.atomic():
        row = _locked(locked_tool_set(access, tool_set), tool, against_assignment=True)
        _require_unassigned(row)
        row.delete()


def _locked(owner: ToolSet, address: str, *, against_assignment: bool = False) -> Tool:
    """A tool of a set, locked; `against_assignment` lets nobody assign it before the transaction ends."""
    tools = owner.tools.select_for_update(no_key=not against_assignment)
    row = find(tools, Prefix.TOOL, address)
    row.tool_set = owner
    return row


def _require_unassigned(row: Tool) -> None:
    if Assignment.objects.filter(tool=row).exists():
        raise NotReady("This tool is assigned to an agent variation.")


def _change_spec(row: Tool, changes: Mapping[str, Any]) -> set[str]:
    """Set what changes of the spec, checked; the names of those fields. Cleared fields get their defaults."""
    fields = set()
    if "spec.description" in changes:
        row.description = changes["spec.description"] or ""
        fields.add("description")
    if "spec.requires_approval" in changes:
        row.requires_approval = bool(changes["spec.requires_approval"])
        fields.add("requires_approval")
    if "spec.parameters" in changes:
        row.parameters = changes["spec.parameters"] or NO_PARAMETERS
        check_parameters(row.parameters)
        fields.add("parameters")
    if "spec.config" in changes:
        row.config = check_config(changes["spec.config"], row.tool_set.adapter)
        fields.add("config")
    if "spec.llm_tool_name" in changes:
        row.function_name = changes["spec.llm_tool_name"] or _free_function_name(row)
        fields.add("function_name")
    return fields


def _free_function_name(tool: Tool) -> str:
    others = Tool.objects.filter(tool_set_id=tool.tool_set_id).exclude(pk=tool.pk)
    return function_name_of(tool.name, set(others.values_list("function_name", flat=True)))
