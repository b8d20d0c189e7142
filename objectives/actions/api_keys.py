"""What people do with the API keys of their account; a key never grants more than its maker has."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from objectives.access.accounts import AccountAccess
from objectives.access.permissions import MANAGE_API_KEYS
from objectives.actions.naming import change_identity, unique_names
from objectives.addressing import find
from objectives.labels.plain import check_external_id, check_labels
from objectives.shapes.apikeys import NewApiKey, WorkspaceAssignment
from objectives.spelling import Prefix
from spaces.errors import Invalid, NotPermitted
from spaces.keys import create_key, revoke_key, rotate_key
from spaces.models import ApiKey, PrincipalKind, Space

_METADATA = ("body", "metadata")
_SPEC = ("body", "spec")


def make_api_key(*, access: AccountAccess, new: NewApiKey, now: datetime) -> tuple[ApiKey, str]:
    """A key of the caller's own, and its token, which is shown this once.

    It ends when the key ends with which it was made. Raises Invalid, AlreadyExists and NotPermitted.
    """
    access.require(MANAGE_API_KEYS)
    check_labels(new.metadata.labels, *_METADATA, "labels")
    check_external_id(new.metadata.external_id, *_METADATA, "externalId")
    permissions = _checked_permissions(access, new.spec.permissions or [])
    spaces = _spaces(access, new.spec.workspace_assignments or ())
    if new.spec.all_workspaces and not access.reaches_all:
        raise NotPermitted("Your key does not reach all workspaces.")
    with unique_names():
        return create_key(
            principal=access.caller.principal,
            name=new.metadata.name,
            permissions=permissions,
            spaces=None if new.spec.all_workspaces else spaces,
            now=now,
            expires_at=access.caller.api_key.expires_at if access.caller.api_key else None,
            description=new.spec.description or "",
            external_id=new.metadata.external_id,
            labels=new.metadata.labels,
        )


def change_api_key(*, access: AccountAccess, address: str, changes: Mapping[str, Any]) -> ApiKey:
    """Set what `changes` (see `objectives.api.masks`) says; it holds from the next request with the key on.

    Raises NotFound, Invalid, AlreadyExists and NotPermitted.
    """
    access.require(MANAGE_API_KEYS)
    with transaction.atomic():
        key = _locked(access, address)
        fields = change_identity(key, changes)
        if "spec.description" in changes:
            key.description = changes["spec.description"] or ""
            fields.add("description")
        if "spec.permissions" in changes:
            key.permissions = _checked_permissions(access, changes["spec.permissions"] or [])
            fields.add("permissions")
        if "spec.all_workspaces" in changes:
            key.all_spaces = bool(changes["spec.all_workspaces"])
            fields.add("all_spaces")
        with unique_names():
            key.save(update_fields=sorted(fields))
        if "spec.workspace_assignments" in changes:
            key.spaces.set(_spaces(access, changes["spec.workspace_assignments"] or ()))
        access.require_over(key)  # again: it may reach more now
    return key


def delete_api_key(*, access: AccountAccess, address: str, now: datetime) -> None:
    """End a key for good; its external id is free again. Raises NotFound and NotPermitted."""
    access.require(MANAGE_API_KEYS)
    with transaction.atomic():
        key = _locked(access, address)
        key.external_id = ""
        key.save(update_fields=["external_id"])
        revoke_key(key_id=key.id, now=now)


def set_enabled(*, access: AccountAccess, address: str, is_enabled: bool, now: datetime) -> ApiKey:
    """Let a key work, or not; a repeated call changes nothing. Raises NotFound and NotPermitted."""
    access.require(MANAGE_API_KEYS)
    with transaction.atomic():
        key = _locked(access, address)
        if is_enabled != (key.disabled_at is None):
            key.disabled_at = None if is_enabled else now
            key.save(update_fields=["disabled_at"])
    return key


def renew_api_key(*, access: AccountAccess, address: str, now: datetime) -> tuple[ApiKey, str]:
    """A new token, shown this once; the old one is refused from now on, and what it opened ends.

    Raises NotFound, NotPermitted (also for the key of another person, as whom the token would act), and
    NotReady for an expired key.
    """
    access.require(MANAGE_API_KEYS)
    with transaction.atomic():
        key = _locked(access, address)
        is_own = key.principal_id == access.caller.principal.id
        if not is_own and key.principal.kind == PrincipalKind.PERSON:
            raise NotPermitted("Only the person whose key it is can renew it.")
        return rotate_key(key_id=key.id, now=now)


def assign_workspace(*, access: AccountAccess, address: str, workspace: str) -> ApiKey:
    """Let a key reach one more workspace; a repeated call changes nothing.

    Raises NotFound, Invalid and NotPermitted.
    """
    access.require(MANAGE_API_KEYS)
    with transaction.atomic():
        key = _locked(access, address)
        key.spaces.add(_space(access, workspace))
        access.require_over(key)
    return key


def unassign_workspace(*, access: AccountAccess, address: str, workspace: str) -> ApiKey:
    """Let a key not reach a workspace any more; a repeated call changes nothing.

    Raises NotFound, Invalid and NotPermitted.
    """
    access.require(MANAGE_API_KEYS)
    with transaction.atomic():
        key = _locked(access, address)
        key.spaces.remove(_space(access, workspace))
    return key


def _locked(access: AccountAccess, address: str) -> ApiKey:
    """A key that the caller may change, locked until the caller's transaction ends."""
    rows = access.keys().select_related("principal").select_for_update(no_key=True, of=("self",))
    key = find(rows, Prefix.API_KEY, address)
    access.require_over(key)
    return key


def _checked_permissions(access: AccountAccess, permissions: list[str]) -> list[str]:
    for number, permission in enumerate(permissions):
        resource, _, verb = permission.partition(":")
        if permission != "*" and (not resource or verb not in {"read", "manage"} or len(permission) > 60):
            message = "Write resource:read, resource:manage or *."
            raise Invalid.field(*_SPEC, "permissions", number, msg=message, value=permission[:200])
    access.require_permissions(permissions)
    return list(dict.fromkeys(permissions))


def _space(access: AccountAccess, address: str) -> Space:
    return Space.objects.get(pk=access.space_of(address, "body", "workspaceId"))


def _spaces(access: AccountAccess, assignments: Sequence[WorkspaceAssignment]) -> list[Space]:
    at = (*_SPEC, "workspaceAssignments")
    ids: list[uuid.UUID] = [
        access.space_of(one.workspace_id, *at, number, "workspaceId")
        for number, one in enumerate(assignments)
    ]
    return list(Space.objects.filter(pk__in=ids))
