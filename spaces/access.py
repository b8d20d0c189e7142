"""What a role and a key may do in a space. Nothing else decides about access."""

import uuid
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import QuerySet

from spaces.errors import NotFound, NotPermitted
from spaces.models import ApiKey, Membership, Principal, Role, Space
from spaces.staff import readable_by_staff
from spaces.ticket_scopes import Scope

# What each role may do in its space; `*` stands for everything, `manage` implies `read`.
ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.VIEWER: frozenset({"*:read"}),
    Role.MEMBER: frozenset({"*:read", "executions:manage", "files:manage", "objectives:manage"}),
    Role.ADMIN: frozenset({"*"}),
}


@dataclass(frozen=True, slots=True)
class SpaceAccess:
    """One caller in one space: proof that the space exists for this caller, and what they may do."""

    space_id: uuid.UUID
    tenant_id: uuid.UUID
    principal_id: uuid.UUID
    role: str
    key_permissions: frozenset[str]

    def require(self, permission: str) -> "SpaceAccess":
        """Itself; raises NotPermitted where role or key lack `resource:verb`."""
        if grants(ROLE_PERMISSIONS[self.role], permission) and grants(self.key_permissions, permission):
            return self
        raise NotPermitted(f"This needs the permission {permission}.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever stands behind a request: a principal, and the key it came with (None for a session).

    `scope` is what a ticket narrows them to. It says nothing about which things of a space are meant: that is
    asked for beside the access.
    """

    principal: Principal
    api_key: ApiKey | None = None
    known_access: SpaceAccess | None = None
    scope: Scope | None = None

    @property
    def permissions(self) -> frozenset[str]:
        return self._narrowed(frozenset(self.api_key.permissions) if self.api_key else frozenset({"*"}))

    @property
    def counted_as(self) -> uuid.UUID:
        """Whose requests these are where requests are counted: the ticket's, the key's or the person's."""
        if self.scope is not None:
            return self.scope.ticket_id
        return self.api_key.pk if self.api_key else self.principal.pk

    def _narrowed(self, permissions: frozenset[str]) -> frozenset[str]:
        """Of these, what a ticket leaves."""
        if self.scope is None:
            return permissions
        return frozenset(needed for needed in self.scope.needed if grants(permissions, needed))

    def require(self, permission: str) -> "Caller":
        """Itself; raises NotPermitted where the key lacks `resource:verb` (for routes outside a space)."""
        if not grants(self.permissions, permission):
            raise NotPermitted(f"This needs the permission {permission}.")
        return self

    def access(self, space_id: uuid.UUID) -> SpaceAccess:
        """This caller's access to a space; raises NotFound where the space does not exist for them."""
        if self.scope is not None and self.scope.space_id != space_id:
            raise NotFound
        if self.known_access is not None and self.known_access.space_id == space_id:
            return self.known_access
        if self.is_operator:
            return desk_access(self.principal, space_id, self.permissions)
        access = _member_access(self, space_id)
        if access is None and self.api_key is None and (shown := readable_by_staff(self.principal)):
            return desk_access(self.principal, space_id, self._narrowed(shown))
        if access is None:
            raise NotFound
        return access

    @property
    def is_operator(self) -> bool:
        """Operators work by session only: no key ever reaches across tenants."""
        return self.api_key is None and self.principal.is_superuser and self.principal.tenant_id is None


@lru_cache(maxsize=4096)
def grants(granted: frozenset[str], permission: str) -> bool:
    """Whether a set of `resource:verb` covers one: by `*`, by name, by wildcard, or by `manage`.

    Remembered: few sets are asked the same few questions in every request.
    """
    resource, _, verb = permission.partition(":")
    candidates = {"*", permission, f"*:{verb}"}
    if verb == "read":
        candidates |= {f"{resource}:manage", "*:manage"}
    return not granted.isdisjoint(candidates)


def memberships_within(
    principal_id: uuid.UUID, tenant_id: uuid.UUID, key: ApiKey | None
) -> QuerySet[Membership]:
    """Where a principal works inside a tenant, as far as a key of theirs reaches; without one everywhere."""
    memberships = Membership.objects.filter(
        principal_id=principal_id, space__tenant_id=tenant_id, space__archived_at__isnull=True
    )
    return memberships if key is None or key.all_spaces else memberships.filter(space__api_keys=key)


def _member_access(caller: Caller, space_id: uuid.UUID) -> SpaceAccess | None:
    tenant_id = caller.principal.tenant_id
    if tenant_id is None:
        return None
    memberships = memberships_within(caller.principal.id, tenant_id, caller.api_key)
    role = memberships.filter(space_id=space_id).values_list("role", flat=True).first()
    if role is None:
        return None
    return SpaceAccess(space_id, tenant_id, caller.principal.id, role, caller.permissions)


def desk_access(principal: Principal, space_id: uuid.UUID, permissions: frozenset[str]) -> SpaceAccess:
    """The access of an operator, who reaches every space; raises NotFound.

    The caller answers for the permissions: an operator has all, staff what Django's permissions say.
    """
    tenant_id = Space.objects.filter(id=space_id).values_list("tenant_id", flat=True).first()
    if tenant_id is None:
        raise NotFound
    return SpaceAccess(space_id, tenant_id, principal.id, Role.ADMIN, permissions)
