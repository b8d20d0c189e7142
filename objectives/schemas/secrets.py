"""Secrets: values that are written and never read back."""

import uuid
from typing import Self

from pydantic import Field, SecretStr

from objectives.ids import Prefix
from objectives.models import Secret
from objectives.schemas.metadata import NewResource, Profile, ResourceMetadata
from objectives.schemas.shape import Moment, Shape

MOST_CHARACTERS = 65_536  # of a value


class SecretSpec(Shape):
    """Nothing: a value is never shown."""


class SecretChanges(Shape):
    """What is written of a secret."""

    value: SecretStr | None = Field(default=None, min_length=1, max_length=MOST_CHARACTERS)
    """Its value."""


class SecretInfo(Shape):
    """What is known about a secret."""

    last_used_at: Moment | None = None
    """When a tool was last called with it, to the minute; left out where none was."""
    created_by: Profile | None = None
    """Who made it."""


class SecretSchema(Shape):
    """A secret of a workspace or of a tool set, without its value."""

    metadata: ResourceMetadata
    """Identity; the name is what templates call it: `{{ secrets.NAME }}`."""
    spec: SecretSpec = Field(default_factory=SecretSpec)
    """Always empty."""
    info: SecretInfo | None = None
    """What is known about it; in lists only with `includeInfo`."""

    @classmethod
    def of(cls, row: Secret, *, tenant_id: uuid.UUID, with_info: bool) -> Self:
        prefix = Prefix.WORKSPACE_SECRET if row.tool_set_id is None else Prefix.TOOL_SET_SECRET
        metadata = ResourceMetadata.of(row, prefix, tenant_id=tenant_id)
        if not with_info:
            return cls(metadata=metadata)
        made_by = Profile.of(row.created_by, tenant_id=tenant_id)
        return cls(metadata=metadata, info=SecretInfo(last_used_at=row.last_used_at, created_by=made_by))


class NewSecret(Shape):
    """A secret to be kept."""

    metadata: NewResource
    """Its identity; the name is kept in capitals and holds letters, digits and underscores."""
    spec: SecretChanges
    """Its value, which is needed."""
