"""Tool calls as the API shows them, read for many at once in a fixed number of queries."""

from collections.abc import Sequence
from datetime import datetime

from objectives.ids import Json, Prefix
from objectives.models import CallKind, ToolCall
from objectives.representations.reader import Viewer
from objectives.representations.selectors import FoundCall, Profiles, tool_sets_of
from objectives.schemas.metadata import BareMetadata, OperationMetadata, Profile
from objectives.schemas.toolcalls import ToolCallInfo, ToolCallResult, ToolCallSchema, ToolCallWithResult
from objectives.tool_results.blocks import show_blocks


def show_calls(rows: Sequence[ToolCall], *, reader: Viewer, with_info: bool) -> list[ToolCallSchema]:
    """These calls (with `objective` at hand), in this order, without results."""
    profiles = reader.profiles(one for row in rows for one in (row.decided_by_id, row.created_by_id))
    of_tools = [row.id for row in rows if row.kind == CallKind.TOOL]
    tool_sets = tool_sets_of(of_tools) if with_info else {}
    # Most calls of a page are of few objectives.
    objectives = {row.objective_id: row.objective for row in rows} if with_info else {}
    abouts = {
        key: OperationMetadata.of(objective, Prefix.OBJECTIVE, tenant_id=reader.tenant_id)
        for key, objective in objectives.items()
    }
    return [
        ToolCallSchema.of(
            row,
            metadata=OperationMetadata.of(row, Prefix.TOOL_CALL, tenant_id=reader.tenant_id),
            decided_by=profiles.get(row.decided_by_id) if row.decided_by_id else None,
            info=_info(row, abouts[row.objective_id], profiles, tool_sets.get(row.id)) if with_info else None,
            dialect=reader.dialect,
        )
        for row in rows
    ]


def show_call_with_result(found: FoundCall, *, reader: Viewer, now: datetime) -> ToolCallWithResult:
    """One call with links to its media that live from `now`."""
    row, tenant_id = found.call, reader.tenant_id
    profiles = {one.pk: Profile.of(one, tenant_id=tenant_id) for one in found.people}
    about = OperationMetadata.of(row.objective, Prefix.OBJECTIVE, tenant_id=tenant_id)
    shown = ToolCallSchema.of(
        row,
        metadata=OperationMetadata.of(row, Prefix.TOOL_CALL, tenant_id=tenant_id),
        decided_by=profiles.get(row.decided_by_id) if row.decided_by_id else None,
        info=_info(row, about, profiles, found.tool_set),
        dialect=reader.dialect,
    )
    blocks = None if row.result is None else show_blocks(row.result, base_url=reader.base_url, now=now)
    return ToolCallWithResult(
        **shown.__dict__,
        resolved_secrets=shown.data.resolved_secrets,
        result=None if blocks is None else ToolCallResult(content=blocks),
    )


def _info(row: ToolCall, about: OperationMetadata, profiles: Profiles, tool_set: Json | None) -> ToolCallInfo:
    return ToolCallInfo(
        objective=about,
        created_by=profiles[row.created_by_id],
        tool=BareMetadata(id=row.callable["id"], name=row.callable["name"]) if tool_set else None,
        tool_set=BareMetadata(**tool_set) if tool_set else None,
    )
