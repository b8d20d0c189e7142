"""Workspaces and who is calling."""

from typing import Self

from objectives.ids import Prefix, spell
from objectives.schemas.metadata import AccountResourceMetadata, Profile
from objectives.schemas.shape import Shape
from spaces.models import Space


class WorkspaceSpec(Shape):
    """What a workspace is for."""

    description: str = ""
    """A sentence."""


class WorkspaceInfo(Shape):
    """What a workspace holds."""

    total_available_tools: int
    """Tools that may be assigned."""
    total_memory_entries: int
    """Memory entries."""
    total_agents: int
    """Agents that are not archived."""
    total_agent_variations: int
    """Their variations."""


class Workspace(Shape):
    """A place of work inside an account."""

    metadata: AccountResourceMetadata
    """Identity."""
    spec: WorkspaceSpec
    """What it is for."""
    status: str
    """`STATUS_ENABLED` or `STATUS_ARCHIVED`."""
    info: WorkspaceInfo | None = None
    """What it holds; in lists only with `includeInfo`."""

    @classmethod
    def of(cls, space: Space, info: WorkspaceInfo | None, *, profile_id: str) -> Self:
        """For `profile_id` see `workspace_metadata`."""
        return cls(
            metadata=workspace_metadata(space, profile_id),
            spec=WorkspaceSpec(description=space.description),
            status="STATUS_ARCHIVED" if space.archived_at else "STATUS_ENABLED",
            info=info,
        )


class Whoami(Profile):
    """Whoever calls. The keys of `profile` stand at the top as well, where clients before 1.7 read them."""

    profile: Profile
    """The caller."""
    default_workspace: AccountResourceMetadata | None = None
    """The workspace that the caller reaches, where it is only one."""


def workspace_metadata(space: Space, profile_id: str) -> AccountResourceMetadata:
    """Identity of a space; `profile_id` stands for its maker, whom nobody wrote down."""
    return AccountResourceMetadata(
        id=spell(Prefix.WORKSPACE, space.id),
        account_id=spell(Prefix.ACCOUNT, space.tenant_id),
        name=space.name,
        external_id=space.external_id,
        labels=space.labels,
        profile_id=profile_id,
        created_at=space.created_at,
    )
