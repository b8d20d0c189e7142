"""What people do with tool sets; each verb raises NotPermitted where the caller lacks the permission."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from objectives.access.permissions import MANAGE_TOOLS
from objectives.actions.finding import locked_tool_set
from objectives.actions.naming import change_identity, new_identity, unique_names
from objectives.actions.secrets import replace_secrets
from objectives.checks.tools import check_adapter
from objectives.lifecycles.tools import move
from objectives.models import Assignment, Tool, ToolSet, ToolSetState
from objectives.overlays.checking import check_overlays, check_results
from objectives.shapes.toolsets import Adapter, NewToolSet
from spaces.access import SpaceAccess
from spaces.errors import NotReady


def create_tool_set(*, access: SpaceAccess, wanted: NewToolSet, now: datetime) -> ToolSet:
    """A new set with its secrets; raises Invalid, AlreadyExists, Unimplemented and NotPermitted."""
    access.require(MANAGE_TOOLS)
    spec = wanted.spec
    adapter = check_adapter(spec.adapter)
    tool_set = ToolSet(
        **new_identity(wanted.metadata, access=access, now=now),
        description=spec.description or "",
        overlays=check_overlays(spec.overlays, adapter.type),
    )
    _set_adapter(tool_set, adapter)
    with unique_names():
        tool_set.save(force_insert=True)
        if spec.secrets:
            replace_secrets(tool_set=tool_set, access=access, wanted=spec.secrets, now=now)
    return tool_set


def update_tool_set(
    *, access: SpaceAccess, tool_set: str, changes: Mapping[str, Any], now: datetime
) -> ToolSet:
    """Change what `changes` says by path (see `objectives.api.masks`), also of an archived set.

    Raises NotReady for another kind of adapter while the set has tools, which are configured for this one.
    """
    access.require(MANAGE_TOOLS)
    with unique_names():
        row = locked_tool_set(access, tool_set)
        fields = change_identity(row, changes)
        if "spec.description" in changes:
            row.description = changes["spec.description"] or ""
            fields.add("description")
        if "spec.adapter" in changes:
            fields |= _change_adapter(row, changes["spec.adapter"])
        if "spec.overlays" in changes:
            row.overlays = check_overlays(changes["spec.overlays"], row.adapter)
            fields.add("overlays")
        elif "adapter" in fields:
            check_results(row.overlays, row.adapter)
        if "spec.secrets" in changes:
            replace_secrets(tool_set=row, access=access, wanted=changes["spec.secrets"] or [], now=now)
        row.updated_at = now
        row.save(update_fields=[*sorted(fields), "updated_at"])
    return row


def archive_tool_set(*, access: SpaceAccess, tool_set: str, now: datetime) -> ToolSet:
    """Hide a set: its tools are offered to nobody from now on. Raises IllegalMove where it is archived."""
    access.require(MANAGE_TOOLS)
    return _move(access, tool_set, ToolSetState.ARCHIVED, now)


def unarchive_tool_set(*, access: SpaceAccess, tool_set: str, now: datetime) -> ToolSet:
    """Bring a set back; raises IllegalMove where it is active."""
    access.require(MANAGE_TOOLS)
    return _move(access, tool_set, ToolSetState.ACTIVE, now)


def delete_tool_set(*, access: SpaceAccess, tool_set: str) -> None:
    """Remove a set with its tools and secrets; raises NotReady while it or a tool of it is assigned.

    Tool calls that were made keep what they show.
    """
    access.require(MANAGE_TOOLS)
    with transaction.atomic():
        row = locked_tool_set(access, tool_set, against_reference=True)
        tools = list(Tool.objects.filter(tool_set=row).select_for_update().values_list("id", flat=True))
        if Assignment.objects.filter(Q(tool_set=row) | Q(tool_id__in=tools)).exists():
            raise NotReady("This tool set, or a tool of it, is assigned to an agent variation.")
        row.delete()


def _move(access: SpaceAccess, address: str, to: ToolSetState, now: datetime) -> ToolSet:
    with transaction.atomic():
        row = locked_tool_set(access, address)
        move(row, to, now=now)
    return row


def _change_adapter(row: ToolSet, wanted: Adapter | None) -> set[str]:
    adapter = check_adapter(wanted)
    if adapter.type != row.adapter and row.tools.exists():
        raise NotReady("A tool set that has tools keeps its kind of adapter.")
    return _set_adapter(row, adapter)


def _set_adapter(row: ToolSet, adapter: Adapter) -> set[str]:
    """Set what belongs to the adapter; the names of those fields."""
    row.adapter = adapter.type
    row.base_url, row.headers, row.content_seconds = "", {}, None
    if adapter.http is not None:
        row.base_url, row.headers = adapter.http.base_url, adapter.http.headers or {}
    if adapter.bare is not None:
        row.content_seconds = adapter.bare.content_timeout or None
    return {"adapter", "base_url", "headers", "content_seconds"}
