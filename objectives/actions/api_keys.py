"""What people do with the API keys of their account; a key never grants more than its maker has.

See `objectives.actions.resources` for what every verb raises.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from objectives.access.accounts import AccountAccess
from objectives.access.permissions import MANAGE_API_KEYS
from objectives.actions.resources import METADATA, Edit, ResourceService, column, unique_names
from objectives.ids import Prefix
from objectives.schemas.apikeys import NewApiKey, WorkspaceAssignment
from objectives.selectors import find
from spaces.errors import Invalid, NotPermitted
from spaces.keys import create_key, revoke_key, rotate_key
from spaces.models import ApiKey, PrincipalKind, Space


def _locked(access: AccountAccess, address: str) -> ApiKey:
    """A key that the caller may change, locked until the caller's transaction ends."""
    rows = access.keys().select_related("principal").select_for_update(no_key=True, of=("self",))
    key = find(rows, Prefix.API_KEY, address)
    access.require_over(key)
    return key


def _write_permissions(key: ApiKey, permissions: Sequence[str] | None, edit: Edit) -> None:
    for number, permission in enumerate(permissions or ()):
        resource, _, verb = permission.partition(":")
        if permission != "*" and (not resource or verb not in {"read", "manage"} or len(permission) > 60):
            message = "Write resource:read, resource:manage or *."
            raise Invalid.field(*edit.loc, number, msg=message, value=permission[:200])
    key.permissions = list(dict.fromkeys(permissions or ()))
    edit.access.require_permissions(key.permissions)


def _write_spaces(key: ApiKey, wanted: Sequence[WorkspaceAssignment] | None, edit: Edit) -> bool:
    spaces = _spaces(edit.access, wanted or (), *edit.loc)
    is_changed = set(spaces) != set(key.spaces.all())
    key.spaces.set(spaces)
    return is_changed


API_KEYS = ResourceService[ApiKey](
    permission=MANAGE_API_KEYS,
    lock=_locked,
    writers={
        **METADATA,
        "spec.description": column("description"),
        "spec.permissions": _write_permissions,
        "spec.all_workspaces": column("all_spaces"),
    },
    linked={"spec.workspace_assignments": _write_spaces},
)


def make_api_key(*, access: AccountAccess, new: NewApiKey, now: datetime) -> tuple[ApiKey, str]:
    """A key of the caller's own, and its token, which is shown this once.

    It ends when the key ends with which it was made.
    """
    with API_KEYS.permitted(access):
        wanted = API_KEYS.fill(ApiKey(), new, Edit(access, now))
        at = ("body", "spec", "workspaceAssignments")
        spaces = _spaces(access, new.spec.workspace_assignments or (), *at)
        if wanted.all_spaces and not access.reaches_all:
            raise NotPermitted("Your key does not reach all workspaces.")
        with unique_names():
            return create_key(
                principal=access.caller.principal,
                name=wanted.name,
                permissions=wanted.permissions,
                spaces=None if wanted.all_spaces else spaces,
                now=now,
                expires_at=access.caller.api_key.expires_at if access.caller.api_key else None,
                description=wanted.description,
                external_id=wanted.external_id,
                labels=wanted.labels,
            )


def change_api_key(*, access: AccountAccess, address: str, changes: Mapping[str, Any]) -> ApiKey:
    """Change a key; it holds from the next request with the key on."""
    with API_KEYS.changing(access, address, now=None) as key:
        API_KEYS.apply(key, changes, Edit(access, timezone.now()))
        access.require_over(key)  # again: it may reach more now
    return key


def delete_api_key(*, access: AccountAccess, address: str, now: datetime) -> None:
    """End a key for good; its external id is free again."""
    with API_KEYS.changing(access, address, now=now) as key:
        key.external_id = ""
        revoke_key(key_id=key.id, now=now)


def set_enabled(*, access: AccountAccess, address: str, is_enabled: bool, now: datetime) -> ApiKey:
    """Let a key work, or not; a repeated call changes nothing."""
    with API_KEYS.changing(access, address, now=now) as key:
        key.disabled_at = None if is_enabled else key.disabled_at or now
    return key


def renew_api_key(*, access: AccountAccess, address: str, now: datetime) -> tuple[ApiKey, str]:
    """A new token, shown this once; the old one is refused from now on, and what it opened ends.

    Raises NotPermitted also for the key of another person, as whom the token would act, and NotReady for an
    expired key.
    """
    with API_KEYS.locked(access, address) as key:
        is_own = key.principal_id == access.caller.principal.id
        if not is_own and key.principal.kind == PrincipalKind.PERSON:
            raise NotPermitted("Only its owner can rotate this key.")
        return rotate_key(key_id=key.id, now=now)


def assign_workspace(*, access: AccountAccess, address: str, workspace: str) -> ApiKey:
    """Let a key reach one more workspace; a repeated call changes nothing."""
    with API_KEYS.locked(access, address) as key:
        key.spaces.add(_space(access, workspace))
        access.require_over(key)
    return key


def unassign_workspace(*, access: AccountAccess, address: str, workspace: str) -> ApiKey:
    """Let a key not reach a workspace any more; a repeated call changes nothing."""
    with API_KEYS.locked(access, address) as key:
        key.spaces.remove(_space(access, workspace))
    return key


def _space(access: AccountAccess, address: str) -> Space:
    return Space.objects.get(pk=access.space_of(address, "body", "workspaceId"))


def _spaces(
    access: AccountAccess, assignments: Sequence[WorkspaceAssignment], *loc: str | int
) -> list[Space]:
    ids = [
        access.space_of(one.workspace_id, *loc, number, "workspaceId")
        for number, one in enumerate(assignments)
    ]
    return list(Space.objects.filter(pk__in=ids))
