"""What a caller may do above all workspaces: with the account, and with the keys of its people."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet

from objectives.access.permissions import MANAGE_ACCOUNT
from objectives.access.workspaces import access_to
from spaces.access import Caller, SpaceAccess, grants, memberships_within
from spaces.errors import Invalid, NotFound, NotPermitted
from spaces.models import ApiKey, Role


@dataclass(frozen=True)
class AccountAccess:
    """One caller in one account.

    Roles are given in spaces only, so whoever is an admin of one space counts as an administrator of the
    account: they see all its keys, and change those that reach nothing beyond the spaces they administer.
    Everybody else sees and changes the keys of their own.
    """

    caller: Caller
    tenant_id: uuid.UUID

    @cached_property
    def roles(self) -> dict[uuid.UUID, str]:
        """The caller's role in each space that they reach."""
        mine = memberships_within(self.caller.principal.id, self.tenant_id, self.caller.api_key)
        return dict(mine.values_list("space_id", "role"))

    @property
    def is_administrator(self) -> bool:
        return Role.ADMIN in self.roles.values()

    @property
    def reaches_all(self) -> bool:
        """Whether the caller reaches whatever spaces they will be in."""
        return self.caller.api_key is None or self.caller.api_key.all_spaces

    def require(self, permission: str) -> "AccountAccess":
        """Itself; raises NotPermitted where the caller's key lacks `resource:verb`."""
        self.caller.require(permission)
        return self

    def manages_account(self) -> bool:
        """Whether the caller may see and renew the account's secrets."""
        return grants(self.caller.permissions, MANAGE_ACCOUNT) and self.is_administrator

    def require_account(self) -> None:
        """Raises NotPermitted for whoever may not."""
        if not self.manages_account():
            raise NotPermitted(f"This needs the permission {MANAGE_ACCOUNT}, of an administrator.")

    def keys(self) -> QuerySet[ApiKey]:
        """The keys that the caller may see; revoked ones are gone."""
        keys = ApiKey.objects.filter(tenant_id=self.tenant_id, revoked_at__isnull=True)
        return keys if self.is_administrator else keys.filter(principal_id=self.caller.principal.id)

    def require_over(self, key: ApiKey) -> None:
        """Raises NotPermitted for a key that may do more, or elsewhere, than the caller."""
        self.require_permissions(key.permissions)
        if key.principal_id == self.caller.principal.id:
            spaces = () if key.all_spaces else key.spaces.values_list("pk", flat=True)
            within = self.reaches_all or (not key.all_spaces and self.roles.keys() >= set(spaces))
        else:
            theirs = memberships_within(key.principal_id, key.tenant_id, key)
            reached = set(theirs.values_list("space_id", flat=True))
            administered = {space for space, role in self.roles.items() if role == Role.ADMIN}
            within = reached <= administered and (self.reaches_all or not key.all_spaces)
        if not within:
            raise NotPermitted("This key has access to workspaces that yours does not reach.")

    def require_permissions(self, permissions: list[str]) -> None:
        """Raises NotPermitted for a permission that the caller's own key lacks."""
        for permission in permissions:
            if not grants(self.caller.permissions, permission):
                raise NotPermitted(f"Your key does not have the permission {permission}.")

    def space_of(self, address: str, *loc: str | int) -> uuid.UUID:
        """The space that a body names; raises Invalid at `loc`, and NotPermitted where it is out of reach."""
        try:
            return access_to(self.caller, address).space_id
        except NotFound:
            message = "Workspace not found in this account."
            raise Invalid.field(*loc, msg=message, value=address[:200]) from None


@dataclass(frozen=True)
class WorkspaceKeyAccess(AccountAccess):
    """The same caller among the keys of one workspace: those that are assigned to it."""

    space: SpaceAccess

    def require(self, permission: str) -> "AccountAccess":
        """Itself; raises NotPermitted where the key, or the role in the workspace, lacks `resource:verb`."""
        self.space.require(permission)
        return self

    def keys(self) -> QuerySet[ApiKey]:
        return super().keys().filter(spaces=self.space.space_id, all_spaces=False, is_default=False)
