"""What people do with tool sets; see `objectives.actions.resources` for what every verb raises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from objectives.access.permissions import MANAGE_TOOLS
from objectives.actions.finding import locked_tool_set
from objectives.actions.resources import METADATA, Edit, ResourceService, column
from objectives.actions.secrets import replace_secrets
from objectives.lifecycles.tools import move
from objectives.models import Assignment, Tool, ToolSet, ToolSetState
from objectives.overlays.validation import check_overlays, check_results
from objectives.schemas.toolsets import Adapter, NewToolSet
from objectives.validation.tools import check_adapter
from spaces.access import SpaceAccess
from spaces.errors import NotReady


def _write_adapter(row: ToolSet, wanted: Adapter | None, _: Edit) -> None:
    adapter = check_adapter(wanted)
    if row.adapter not in {"", adapter.type} and row.tools.exists():
        raise NotReady("The adapter type cannot be changed while the set has tools.")
    row.adapter, row.base_url, row.headers, row.content_seconds = adapter.type, "", {}, None
    if adapter.http is not None:
        row.base_url, row.headers = adapter.http.base_url, adapter.http.headers or {}
    if adapter.bare is not None:
        row.content_seconds = adapter.bare.content_timeout or None


def _write_overlays(row: ToolSet, wanted: Any, _: Edit) -> None:
    row.overlays = check_overlays(wanted, row.adapter)


TOOL_SETS = ResourceService[ToolSet](
    permission=MANAGE_TOOLS,
    lock=locked_tool_set,
    writers={
        **METADATA,
        "spec.description": column("description"),
        "spec.adapter": _write_adapter,
        "spec.overlays": _write_overlays,
    },
    linked={
        "spec.secrets": lambda row, wanted, edit: replace_secrets(
            tool_set=row, access=edit.access, wanted=wanted or [], now=edit.now
        )
    },
    check=lambda row: check_results(row.overlays, row.adapter),  # another adapter may take other overlays
)


def create_tool_set(*, access: SpaceAccess, wanted: NewToolSet, now: datetime) -> ToolSet:
    """A new set with its secrets, for which `secrets:manage` is needed too."""
    with TOOL_SETS.permitted(access):
        return TOOL_SETS.create(ToolSet(), wanted, Edit(access, now))


def update_tool_set(
    *, access: SpaceAccess, tool_set: str, changes: Mapping[str, Any], now: datetime
) -> ToolSet:
    """Change a set, also an archived one.

    Raises NotReady for another kind of adapter while the set has tools, which are configured for this one.
    """
    return TOOL_SETS.update(access, tool_set, changes=changes, now=now)


def archive_tool_set(*, access: SpaceAccess, tool_set: str, now: datetime) -> ToolSet:
    """Hide a set: its tools are offered to nobody from now on. Raises IllegalMove where it is archived."""
    with TOOL_SETS.changing(access, tool_set, now=now) as row:
        move(row, ToolSetState.ARCHIVED)
    return row


def unarchive_tool_set(*, access: SpaceAccess, tool_set: str, now: datetime) -> ToolSet:
    """Bring a set back; raises IllegalMove where it is active."""
    with TOOL_SETS.changing(access, tool_set, now=now) as row:
        move(row, ToolSetState.ACTIVE)
    return row


def delete_tool_set(*, access: SpaceAccess, tool_set: str) -> None:
    """Remove a set with its tools and secrets; raises NotReady while it or a tool of it is assigned.

    Tool calls that were made keep what they show.
    """
    with TOOL_SETS.locked(access, tool_set, against_reference=True) as row:
        tools = list(Tool.objects.filter(tool_set=row).select_for_update().values_list("id", flat=True))
        if Assignment.objects.filter(Q(tool_set=row) | Q(tool_id__in=tools)).exists():
            raise NotReady("This tool set, or a tool of it, is assigned to an agent variation.")
        row.delete()
