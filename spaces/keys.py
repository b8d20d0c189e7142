"""Making, finding, renewing and revoking API keys."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from spaces.access import Caller, SpaceAccess
from spaces.errors import DomainError, Invalid, NotReady
from spaces.models import ApiKey, Principal, Space, Ticket
from spaces.prepared_sql import fetch_row

KEY_MARK = "cb"
PREFIX_LENGTH = 12
LAST_USE_STEP = timedelta(minutes=1)  # a key in use is written once a minute, not once a request


class Unauthenticated(DomainError):
    """Missing, unknown, expired, disabled or revoked credentials."""


# What a request needs of its key. The rest, which may be long, is read where somebody asks for it.
_NOT_NEEDED = frozenset({"description", "external_id", "labels", "is_default"})
_KEY_FIELDS = [field.attname for field in ApiKey._meta.concrete_fields if field.attname not in _NOT_NEEDED]
_PRINCIPAL_FIELDS = [field.attname for field in Principal._meta.concrete_fields]
_KEY_AND_ROLE = f"""
SELECT {", ".join(f"key.{name}" for name in _KEY_FIELDS)},
       {", ".join(f"principal.{name}" for name in _PRINCIPAL_FIELDS)},
       (SELECT membership.role
          FROM spaces_membership AS membership JOIN spaces_space AS space ON space.id = membership.space_id
         WHERE membership.space_id = %s AND membership.principal_id = key.principal_id
           AND space.tenant_id = key.tenant_id AND space.archived_at IS NULL
           AND (key.all_spaces OR EXISTS (
               SELECT FROM spaces_apikey_spaces AS reach
                WHERE reach.apikey_id = key.id AND reach.space_id = membership.space_id)))
  FROM spaces_apikey AS key JOIN spaces_principal AS principal ON principal.id = key.principal_id
 WHERE key.prefix = %s
"""  # noqa: S608 - names of our own columns


def create_key(
    *,
    principal: Principal,
    name: str,
    permissions: Sequence[str],
    spaces: Iterable[Space] | None,
    now: datetime,
    expires_at: datetime | None = None,
    **also: Any,
) -> tuple[ApiKey, str]:
    """A new key and its token, which is shown this once and not kept.

    `spaces` None means every space its principal is in; `also` are further fields of the row.
    Raises Invalid for a principal without a tenant.
    """
    if principal.tenant_id is None:
        raise Invalid.field("body", "principal", msg="An operator cannot have a key.")
    prefix, token = _new_token()
    with transaction.atomic():
        key = ApiKey.objects.create(
            tenant_id=principal.tenant_id,
            principal=principal,
            name=name,
            prefix=prefix,
            digest=_digest(token),
            permissions=list(permissions),
            all_spaces=spaces is None,
            created_at=now,
            expires_at=expires_at,
            **also,
        )
        if spaces is not None:
            key.spaces.set(spaces)
    return key, token


def revoke_key(*, key_id: uuid.UUID, now: datetime) -> ApiKey:
    """End a key for good; a repeated call changes nothing."""
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(no_key=True).get(pk=key_id)
        if key.revoked_at is None:
            key.revoked_at = now
            key.save(update_fields=["revoked_at"])
    return key


def rotate_key(*, key_id: uuid.UUID, now: datetime) -> tuple[ApiKey, str]:
    """A new token for a key, shown this once; the old one ends with it, and so does what it has opened.

    Raises NotReady for a key that is revoked or expired.
    """
    prefix, token = _new_token()
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(no_key=True).get(pk=key_id)
        if is_over(key, now=now):
            raise NotReady("This key is revoked or expired. Create a new one.")
        key.prefix, key.digest, key.last_used_at = prefix, _digest(token), None
        key.save(update_fields=["prefix", "digest", "last_used_at"])
        Ticket.objects.filter(api_key=key).delete()
    return key, token


def is_over(key: ApiKey, *, now: datetime) -> bool:
    """Whether a key has ended for good."""
    return key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)


def caller_of_token(token: str, *, now: datetime, space_id: uuid.UUID | None = None) -> Caller:
    """Whoever holds this token; raises Unauthenticated.

    One indexed read finds the key by its prefix and, where `space_id` is given, its access there too.
    """
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != KEY_MARK or not secret:
        raise Unauthenticated("Invalid API key.")
    row = fetch_row(_KEY_AND_ROLE, [space_id, prefix]) if prefix.isalnum() else None
    if row is None:
        raise Unauthenticated("Invalid API key.")
    key = ApiKey.from_db("default", _KEY_FIELDS, row[: len(_KEY_FIELDS)])
    key.principal = Principal.from_db("default", _PRINCIPAL_FIELDS, row[len(_KEY_FIELDS) : -1])
    if not hmac.compare_digest(bytes(key.digest), _digest(token)):
        raise Unauthenticated("Invalid API key.")
    if is_over(key, now=now):
        raise Unauthenticated("This API key is revoked or expired.")
    if key.disabled_at is not None:
        raise Unauthenticated("This API key is disabled.")
    if not key.principal.is_active:
        raise Unauthenticated("This API key's principal is not active.")
    if key.last_used_at is None or key.last_used_at < now - LAST_USE_STEP:
        _note_use(key, now)
    role = row[-1]
    if space_id is None or role is None:
        return Caller(key.principal, key)
    access = SpaceAccess(space_id, key.tenant_id, key.principal_id, role, frozenset(key.permissions))
    return Caller(key.principal, key, access)


def _new_token() -> tuple[str, str]:
    """The public prefix of a new token, and the token."""
    prefix = secrets.token_hex(PREFIX_LENGTH // 2)
    return prefix, f"{KEY_MARK}_{prefix}_{secrets.token_urlsafe(32)}"


def _digest(token: str) -> bytes:
    # Tokens carry 256 random bits, so a fast hash is as good as a slow one.
    return hashlib.sha256(token.encode()).digest()


def _note_use(key: ApiKey, now: datetime) -> None:
    # Of several requests that see it at once, one writes.
    late = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - LAST_USE_STEP)
    ApiKey.objects.filter(late, pk=key.pk).update(last_used_at=timezone.now())
