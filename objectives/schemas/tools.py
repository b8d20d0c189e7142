"""Tools: functions that a model may call."""

import hashlib
import json
import uuid
from typing import Literal, Self

from pydantic import Field

from objectives.ids import Json, Prefix
from objectives.models import AdapterKind, Tool, ToolSet
from objectives.schemas.metadata import NewResource, Profile, ResourceMetadata
from objectives.schemas.oneof import OneOf
from objectives.schemas.shape import Shape


class HttpConfig(Shape):
    """The request that a call makes. Templates name the call's arguments, and secrets as `secrets.NAME`."""

    request_method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    """The method. What is called with `GET` may be repeated without harm."""
    path: str | None = None
    """Template of what follows the set's base URL."""
    query: str | None = None
    """Template of the query string."""
    headers: dict[str, str] | None = None
    """Headers beside the set's; values are templates."""
    request_body_template: str | None = None
    """Template of the body."""
    request_body_content_type: str | None = Field(
        default=None, max_length=255, pattern=r"^[\w.+-]+/[\w.+-]+(\s*;[^\r\n]*)?$"
    )
    """The body's type; JSON unless told."""


class BareConfig(Shape):
    """Nothing is called: somebody outside sets the content."""

    always_set_result: str | None = None
    """A result that every call has at once, without anybody setting it."""


class ToolConfig(OneOf):
    """The part of a tool that its set's adapter understands."""

    type: Literal["http", "bare", "mcp", "openapi"]
    """The kind, and the one other key; the same as the set's."""
    http: HttpConfig | None = None
    """For sets over HTTP."""
    bare: BareConfig | None = None
    """For bare sets."""
    mcp: Json | None = None
    """Not built: refused with 501."""
    openapi: Json | None = None
    """Not built: refused with 501."""

    @classmethod
    def of(cls, row: Tool, kind: str) -> Self:
        """For a tool in a set of this kind of adapter."""
        if kind == AdapterKind.BARE:
            return cls(type="bare", bare=BareConfig.model_validate(row.config))
        return cls(type="http", http=HttpConfig.model_validate(row.config))


class ToolSpec(Shape):
    """What a tool is."""

    description: str
    """What the model is told about it."""
    requires_approval: bool
    """Whether somebody is asked before each call."""
    parameters: Json
    """JSON Schema of its arguments, an object."""
    config: ToolConfig
    """How it is carried out."""
    llm_tool_name: str
    """The function's name as the model sees it."""


class ToolChanges(Shape):
    """What may be written of a tool."""

    description: str | None = Field(default=None, max_length=50_000)
    """What the model is told about it."""
    requires_approval: bool | None = None
    """Whether somebody is asked before each call; `false` unless told."""
    parameters: Json | None = None
    """JSON Schema of its arguments, an object; of no arguments unless told."""
    config: ToolConfig | None = None
    """How it is carried out; of the same kind as the set's adapter. Needed, but for bare sets."""
    llm_tool_name: str | None = Field(default=None, pattern=r"^([A-Za-z0-9_-]{1,64})?$")
    """The function's name as the model sees it, once in a set; made from the tool's name unless told."""


class ToolInfo(Shape):
    """What follows from a tool."""

    signature: str
    """Digest of the tool's own function name, description and parameters: it changes exactly when they do."""
    tool_set: ResourceMetadata | None = None
    """Its set."""
    created_by: Profile | None = None
    """Who made it."""
    overlays: list[str] = Field(default_factory=list)
    """Keys of its set's overlays that apply to it, in order; not of those that are switched off."""
    effective_parameters: Json | None = None
    """The parameters that its overlays let the model see in an objective without pinned parameters: one that
    is pinned with `ON_MISSING_SKIP` is among them."""


class ToolSchema(Shape):
    """A function that a model may call."""

    metadata: ResourceMetadata
    """Identity."""
    spec: ToolSpec
    """What it is."""
    state: str
    """`STATE_AVAILABLE`, `STATE_OMITTED` or `STATE_ARCHIVED`."""
    info: ToolInfo | None = None
    """What follows from it; in lists only with `includeInfo`."""

    @classmethod
    def of(
        cls,
        row: Tool,
        tool_set: ToolSet,
        *,
        tenant_id: uuid.UUID,
        info: ToolInfo | None = None,
    ) -> Self:
        return cls(
            metadata=ResourceMetadata.of(row, Prefix.TOOL, tenant_id=tenant_id),
            spec=ToolSpec(
                description=row.description,
                requires_approval=row.requires_approval,
                parameters=row.parameters,
                config=ToolConfig.of(row, tool_set.adapter),
                llm_tool_name=row.function_name,
            ),
            state=f"STATE_{row.state.upper()}",
            info=info,
        )


class NewTool(Shape):
    """A tool to be made."""

    metadata: NewResource
    """Its identity. Labels decide what the API has no field for: `callboard/approval-expires` (seconds),
    `callboard/approval-default` (`deny` or `approve`), `callboard/safe-to-repeat` (`true` or `false`)."""
    spec: ToolChanges
    """What it is."""


def signature(row: Tool) -> str:
    """SHA-256 in hex of a tool's function name, description and parameters."""
    told = [row.function_name, row.description, row.parameters]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
