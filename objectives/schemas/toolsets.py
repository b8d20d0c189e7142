"""Tool sets: tools that share an address, or a party outside that supplies their results."""

import uuid
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, SecretStr

from objectives.ids import Json, Prefix
from objectives.models import AdapterKind, ToolSet
from objectives.schemas.durations import Seconds
from objectives.schemas.metadata import NewResource, OperationMetadata, Profile, ResourceMetadata
from objectives.schemas.oneof import OneOf
from objectives.schemas.overlays import ToolOverlay
from objectives.schemas.secrets import MOST_CHARACTERS
from objectives.schemas.shape import Moment, Shape


class HttpAdapter(Shape):
    """Callboard makes a request for each call."""

    base_url: str = Field(default="", max_length=4096)
    """The address before each tool's path: http(s), or a template that begins with a secret."""
    headers: dict[str, str] | None = None
    """Headers of every request; values are templates, into which `{{ secrets.NAME }}` may go."""


class BareAdapter(Shape):
    """Nothing is called: somebody outside sets the content of each call."""

    content_timeout: Seconds | None = None
    """Seconds after which a call without content fails; absent or 0 for never."""


class Adapter(OneOf):
    """How the tools of a set are carried out."""

    type: Literal["http", "bare", "mcp", "openapi"]
    """The kind, and the one other key."""
    http: HttpAdapter | None = None
    """Requests over HTTP."""
    bare: BareAdapter | None = None
    """Content from outside."""
    mcp: Json | None = None
    """Not built: refused with 501."""
    openapi: Json | None = None
    """Not built: refused with 501."""

    @classmethod
    def of(cls, row: ToolSet) -> Self:
        if row.adapter == AdapterKind.BARE:
            seconds = None if row.content_seconds is None else int(row.content_seconds)
            return cls(type="bare", bare=BareAdapter(content_timeout=seconds))
        return cls(type="http", http=HttpAdapter(base_url=row.base_url, headers=row.headers))


class SecretName(Shape):
    """A secret of the set; its value is never shown."""

    name: str
    """What templates call it."""


class SecretGiven(Shape):
    """A secret to be kept in the set."""

    name: str = Field(min_length=1, max_length=255)
    """What templates call it; kept in capitals."""
    value: SecretStr | None = Field(default=None, min_length=1, max_length=MOST_CHARACTERS)
    """Its value. An update may leave it out of a secret that the set has: it keeps the value it has."""


class ToolSetSpec(Shape):
    """What a set is."""

    adapter: Adapter
    """How its tools are carried out."""
    description: str
    """A sentence for people."""
    overlays: list[ToolOverlay] = Field(default_factory=list)
    """Rules for its tools, in the order in which they are applied."""
    secrets: list[SecretName]
    """Its secrets, by name."""


class ToolSetChanges(Shape):
    """What may be written of a set."""

    adapter: Adapter | None = None
    """How its tools are carried out. Another kind is refused while the set has tools."""
    description: str | None = Field(default=None, max_length=50_000)
    """A sentence for people."""
    overlays: list[ToolOverlay] | None = None
    """All rules for its tools, in the order in which they are applied. Objectives keep those that they began
    with."""
    secrets: list[SecretGiven] | None = None
    """All secrets of the set: those that are not named are removed. Needs `secrets:manage`."""


class ToolSetInfo(Shape):
    """What is counted about a set."""

    tool_count: int
    """All its tools."""
    agent_count: int
    """Agents with a variation that may call the set or one of its tools."""
    available_tools: int
    """Tools that may be called."""
    omitted_tools: int
    """Tools that are left out."""
    last_sync: Moment | None = None
    """Never set: sets that are synchronized are not built."""
    created_by: Profile | None = None
    """Who made it."""


class ToolSetSchema(Shape):
    """A set of tools."""

    metadata: ResourceMetadata
    """Identity."""
    spec: ToolSetSpec
    """What it is."""
    state: str
    """`STATE_ACTIVE` or `STATE_ARCHIVED`."""
    info: ToolSetInfo | None = None
    """What is counted; in lists only with `includeInfo`."""

    @classmethod
    def of(
        cls,
        row: ToolSet,
        *,
        tenant_id: uuid.UUID,
        secrets: Iterable[str],
        info: ToolSetInfo | None = None,
    ) -> Self:
        """`secrets` are the names of its secrets."""
        spec = ToolSetSpec(
            adapter=Adapter.of(row),
            description=row.description,
            overlays=[ToolOverlay.model_validate(overlay) for overlay in row.overlays],
            secrets=[SecretName(name=name) for name in secrets],
        )
        metadata = ResourceMetadata.of(row, Prefix.TOOL_SET, tenant_id=tenant_id)
        return cls(metadata=metadata, spec=spec, state=f"STATE_{row.state.upper()}", info=info)


class NewToolSet(Shape):
    """A set to be made."""

    metadata: NewResource
    """Its identity."""
    spec: ToolSetChanges
    """What it is; an adapter is needed."""


class ToolSetEvent(Shape):
    """Something that happened to a set that is synchronized; there are none, for such sets are not built."""

    metadata: OperationMetadata
    """Identity."""
    tool_set_id: str
    """The set."""


class OpenApiSpec(Shape):
    """The OpenAPI document that a set was made from."""

    spec: str
    """The document."""


class ToolSetUsage(Shape):
    """One variation that may call a set, or one of its tools."""

    agent_variation: ResourceMetadata
    """The variation."""
    agent: ResourceMetadata
    """Its agent."""
    model: ResourceMetadata
    """Its model, or the default where it names none."""
    assigned_at: Moment
    """Since when."""
