"""Tools as the API shows them, with what their set's overlays make of them."""

import math
import uuid

from objectives.ids import Prefix
from objectives.models import Tool, ToolSet
from objectives.overlays.rows import effective_parameters, overlays_of
from objectives.schemas.metadata import Profile, ResourceMetadata
from objectives.schemas.tools import ToolInfo, ToolSchema, signature


def show_tool(
    row: Tool,
    tool_set: ToolSet,
    *,
    tenant_id: uuid.UUID,
    with_info: bool = True,
    until: float = math.inf,
) -> ToolSchema:
    """A tool of a set; raises NotReady where its overlays are not known `until` (monotonic)."""
    info = _info(row, tool_set, tenant_id, until) if with_info else None
    return ToolSchema.of(row, tool_set, tenant_id=tenant_id, info=info)


def _info(row: Tool, tool_set: ToolSet, tenant_id: uuid.UUID, until: float) -> ToolInfo:
    overlays = overlays_of(row, tool_set, until=until)
    return ToolInfo(
        signature=signature(row),
        tool_set=ResourceMetadata.of(tool_set, Prefix.TOOL_SET, tenant_id=tenant_id),
        created_by=Profile.of(row.created_by, tenant_id=tenant_id),
        overlays=[overlay["key"] for overlay in overlays],
        effective_parameters=effective_parameters(row, overlays),
    )
