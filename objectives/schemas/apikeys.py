"""API keys as the account manages them."""

from typing import Self

from pydantic import Field

from objectives.ids import Prefix, spell
from objectives.schemas.metadata import AccountResourceMetadata, NewResource, Profile
from objectives.schemas.shape import Shape
from objectives.schemas.workspaces import workspace_metadata
from spaces.models import ApiKey

MOST_PERMISSIONS = 100
MOST_WORKSPACES = 1000


class WorkspaceAssignment(Shape):
    """A workspace that a key reaches."""

    workspace_id: str
    """The workspace, `workspace_…`; in requests also `external_id:…`."""


class WorkspaceKeyChanges(Shape):
    """What is written of an API key of one workspace, as clients before 1.8 know them."""

    description: str | None = Field(default=None, max_length=10_000)
    """What it is for."""
    permissions: list[str] | None = Field(default=None, max_length=MOST_PERMISSIONS)
    """What it may do, `resource:read` or `resource:manage`, `*` for everything; nothing unless told.
    Never more than the key that makes it."""


class ApiKeyChanges(WorkspaceKeyChanges):
    """What is written of an API key."""

    all_workspaces: bool | None = None
    """Whether it reaches every workspace that its owner is in, later ones included."""
    workspace_assignments: list[WorkspaceAssignment] | None = Field(default=None, max_length=MOST_WORKSPACES)
    """The workspaces that it reaches otherwise."""


class NewApiKey(Shape):
    """An API key to be made."""

    metadata: NewResource
    """Its identity."""
    spec: ApiKeyChanges = Field(default_factory=ApiKeyChanges)
    """What it may do, and where."""


class NewWorkspaceKey(Shape):
    """An API key to be made for one workspace, as clients before 1.8 do."""

    metadata: NewResource
    """Its identity."""
    spec: WorkspaceKeyChanges = Field(default_factory=WorkspaceKeyChanges)
    """What it may do."""


class ApiKeySpec(Shape):
    """What a key may do, and where."""

    token: str
    """The token, in the answers that make or renew it; "" in all others."""
    all_workspaces: bool
    """Whether it reaches every workspace that its owner is in."""
    workspace_assignments: list[WorkspaceAssignment]
    """The workspaces that it reaches otherwise."""
    default: bool
    """Whether the account was founded with it."""
    system: bool
    """The same as `default`, for clients before 1.8."""
    description: str
    """What it is for."""
    permissions: list[str]
    """What it may do."""


class ApiKeyInfo(Shape):
    """What is known about a key."""

    created_by: Profile
    """Whose it is."""
    workspaces: list[AccountResourceMetadata]
    """The workspaces that it is assigned to."""


class ApiKeySchema(Shape):
    """An API key."""

    metadata: AccountResourceMetadata
    """Identity."""
    spec: ApiKeySpec
    """What it may do."""
    state: str
    """`STATE_ENABLED` or `STATE_DISABLED`; one that is expired counts as disabled."""
    info: ApiKeyInfo | None = None
    """What is known about it; in lists only with `includeInfo`."""

    @classmethod
    def of(cls, row: ApiKey, *, is_enabled: bool, with_info: bool, token: str = "") -> Self:
        """The row has been read with its principal and its spaces."""
        owner = Profile.of(row.principal, tenant_id=row.tenant_id)
        spaces = [] if row.all_spaces else sorted(row.spaces.all(), key=lambda space: space.id)
        shown = [workspace_metadata(space, owner.metadata.id) for space in spaces]
        return cls(
            metadata=AccountResourceMetadata(
                id=spell(Prefix.API_KEY, row.id),
                account_id=spell(Prefix.ACCOUNT, row.tenant_id),
                name=row.name,
                external_id=row.external_id,
                labels=row.labels,
                profile_id=owner.metadata.id,
                created_at=row.created_at,
            ),
            spec=ApiKeySpec(
                token=token,
                all_workspaces=row.all_spaces,
                workspace_assignments=[WorkspaceAssignment(workspace_id=one.id) for one in shown],
                default=row.is_default,
                system=row.is_default,
                description=row.description,
                permissions=row.permissions,
            ),
            state=f"STATE_{'ENABLED' if is_enabled else 'DISABLED'}",
            info=ApiKeyInfo(created_by=owner, workspaces=shown) if with_info else None,
        )


class WorkspaceNamed(Shape):
    """Which workspace is meant."""

    workspace_id: str = Field(min_length=1)
    """The workspace, `workspace_…` or `external_id:…`."""
