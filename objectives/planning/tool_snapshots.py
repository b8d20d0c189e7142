"""A function that a model is offered, as the API writes a Tool."""

import uuid
from datetime import datetime

from objectives.ids import Json, Prefix, spell
from objectives.schemas.metadata import ResourceMetadata
from spaces.system import SYSTEM_ID, system_principal


def tool_snapshot(
    metadata: Json,
    description: str,
    parameters: Json,
    *,
    requires_approval: bool,
    config: Json | None = None,
    function: str = "",
) -> Json:
    """A Tool as the API writes it; what is no tool of a set has no configuration of its own."""
    spec: Json = {"description": description, "requiresApproval": requires_approval, "parameters": parameters}
    spec["config"] = config or {}
    if function:
        spec["llmToolName"] = function
    return {"metadata": metadata, "spec": spec, "state": "STATE_AVAILABLE"}


def provided_metadata(
    name: str, thing_id: uuid.UUID, *, space_id: uuid.UUID, tenant_id: uuid.UUID, created_at: datetime
) -> Json:
    """Identity of a tool that nobody made in the space: a skill, or what Callboard itself brings."""
    system_principal()  # the profile that the metadata names exists
    return ResourceMetadata(
        id=spell(Prefix.TOOL, thing_id),
        account_id=spell(Prefix.ACCOUNT, tenant_id),
        workspace_id=spell(Prefix.WORKSPACE, space_id),
        name=name,
        profile_id=spell(Prefix.PROFILE, SYSTEM_ID),
        created_at=created_at,
    ).wire()
