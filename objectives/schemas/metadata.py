"""The four metadata objects, and profiles."""

import uuid
from typing import Self

from pydantic import Field

from objectives.ids import Json, Prefix, spell
from objectives.models.resource import Operation, Resource
from objectives.schemas.shape import Moment, Shape
from spaces.models import Principal, PrincipalKind

type Labels = dict[str, str]


class BareMetadata(Shape):
    """What something is called."""

    id: str
    """Its id."""
    name: str | None = None
    """Its name."""


class AccountResourceMetadata(Shape):
    """Identity of something that belongs to an account."""

    id: str
    """Its id."""
    account_id: str
    """The account."""
    name: str
    """Its name."""
    external_id: str = ""
    """The customer's own name for it, "" for none."""
    labels: Labels = Field(default_factory=dict)
    """Labels by key."""
    profile_id: str
    """Who made it."""
    created_at: Moment | None = None
    """When it was made, RFC 3339 in UTC."""


class OperationMetadata(Shape):
    """Identity of something that runs or happened in a workspace."""

    id: str
    """Its id."""
    account_id: str
    """The account."""
    workspace_id: str
    """The workspace."""
    external_id: str = ""
    """The customer's own name for it, "" for none."""
    labels: Labels = Field(default_factory=dict)
    """Labels by key."""
    profile_id: str
    """Who started it."""
    created_at: Moment
    """When, RFC 3339 in UTC."""

    @classmethod
    def of(cls, row: Operation, prefix: Prefix, *, tenant_id: uuid.UUID) -> Self:
        """Of a resource with its name, where the class takes that."""
        named: Json = {"name": row.name, "updated_at": row.updated_at} if isinstance(row, Resource) else {}
        return cls(
            id=spell(prefix, row.id),
            account_id=spell(Prefix.ACCOUNT, tenant_id),
            workspace_id=spell(Prefix.WORKSPACE, row.space_id),
            external_id=row.external_id,
            labels=row.labels,
            profile_id=spell(Prefix.PROFILE, row.created_by_id),
            created_at=row.created_at,
            **named,
        )


class ResourceMetadata(OperationMetadata):
    """Identity of something configured in a workspace."""

    name: str
    """Its name."""
    updated_at: Moment | None = None
    """When it was last changed; left out where it never was."""


class ProfileSpec(Shape):
    """Who somebody is."""

    email: str
    """Their address, "" for a machine."""
    name: str
    """What they are called."""
    type: str
    """`PROFILE_TYPE_USER`, `PROFILE_TYPE_API_KEY` or `PROFILE_TYPE_SYSTEM`."""


class Profile(Shape):
    """A person or a machine that acts."""

    metadata: AccountResourceMetadata
    """Identity."""
    spec: ProfileSpec
    """Who it is."""

    @classmethod
    def of(cls, principal: Principal, *, tenant_id: uuid.UUID) -> Self:
        """An operator of the deployment, who has no tenant, appears as the system."""
        kind = "USER" if principal.kind == PrincipalKind.PERSON else "API_KEY"
        is_operator = principal.tenant_id is None and principal.kind == PrincipalKind.PERSON
        name = "Operator" if is_operator else str(principal)
        return cls(
            metadata=AccountResourceMetadata(
                id=spell(Prefix.PROFILE, principal.id),
                account_id=spell(Prefix.ACCOUNT, tenant_id),
                name=name,
                profile_id=spell(Prefix.PROFILE, principal.id),
                created_at=principal.created_at,
            ),
            spec=ProfileSpec(
                email=principal.email or "" if principal.tenant_id else "",
                name=name,
                type=f"PROFILE_TYPE_{kind if principal.tenant_id else 'SYSTEM'}",
            ),
        )


class NewResource(Shape):
    """Identity that a caller gives to something new."""

    name: str = Field(min_length=1, max_length=255)
    """Its name."""
    external_id: str = Field(default="", max_length=255)
    """The customer's own name for it; unique for its kind in the workspace, without a slash."""
    labels: Labels = Field(default_factory=dict)
    """Labels by key, in the form of Kubernetes."""


class NewOperation(Shape):
    """Identity that a caller gives to something that starts."""

    external_id: str = Field(default="", max_length=255)
    """The customer's own name for it; unique for its kind in the workspace, without a slash."""
    labels: Labels = Field(default_factory=dict)
    """Labels by key, in the form of Kubernetes."""


class ChangedResource(Shape):
    """What may change of an identity."""

    name: str | None = Field(default=None, min_length=1, max_length=255)
    """Its name."""
    external_id: str | None = Field(default=None, max_length=255)
    """The customer's own name for it."""
    labels: Labels | None = None
    """All labels: they are replaced as a whole."""
