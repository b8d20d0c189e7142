"""Making, finding and revoking API keys."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from spaces.access import Caller, SpaceAccess
from spaces.errors import DomainError, Invalid
from spaces.models import ApiKey, Membership, Principal, Space

KEY_MARK = "cb"
PREFIX_LENGTH = 12
LAST_USE_STEP = timedelta(minutes=1)  # a key in use is written once a minute, not once a request


class Unauthenticated(DomainError):
    """Missing, unknown, expired or revoked credentials."""


def create_key(
    *,
    principal: Principal,
    name: str,
    permissions: Sequence[str],
    spaces: Iterable[Space] | None,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its token, which is shown this once and not kept.

    `spaces` None means every space its principal is in. Raises Invalid for a principal without a tenant.
    """
    if principal.tenant_id is None:
        raise Invalid.field("body", "principal", msg="An operator cannot have a key.")
    prefix = secrets.token_hex(PREFIX_LENGTH // 2)
    token = f"{KEY_MARK}_{prefix}_{secrets.token_urlsafe(32)}"
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


def caller_of_token(token: str, *, now: datetime, space_id: uuid.UUID | None = None) -> Caller:
    """Whoever holds this token; raises Unauthenticated.

    One indexed read finds the key by its prefix and, where `space_id` is given, its access there too.
    """
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != KEY_MARK or not secret:
        raise Unauthenticated("Invalid API key.")
    key = _keys_with_role(space_id).filter(prefix=prefix).select_related("principal").first()
    if key is None or not hmac.compare_digest(bytes(key.digest), _digest(token)):
        raise Unauthenticated("Invalid API key.")
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise Unauthenticated("This API key is revoked or expired.")
    if not key.principal.is_active:
        raise Unauthenticated("This API key's principal is not active.")
    _note_use(key, now)
    return _caller(key, space_id)


def _digest(token: str) -> bytes:
    # Tokens carry 256 random bits, so a fast hash is as good as a slow one.
    return hashlib.sha256(token.encode()).digest()


def _keys_with_role(space_id: uuid.UUID | None) -> QuerySet[ApiKey]:
    """Keys, annotated with the role that each has in the space, None where it does not reach it."""
    keys = ApiKey.objects.all()
    if space_id is None:
        return keys
    membership = Membership.objects.filter(
        space_id=space_id,
        principal_id=OuterRef("principal_id"),
        space__tenant_id=OuterRef("tenant_id"),
        space__archived_at__isnull=True,
    ).filter(
        Q(Exists(ApiKey.objects.filter(pk=OuterRef(OuterRef("pk")), all_spaces=True)))
        | Q(space__api_keys=OuterRef("pk"))
    )
    return keys.annotate(space_role=Subquery(membership.values("role")[:1], output_field=CharField()))


def _caller(key: ApiKey, space_id: uuid.UUID | None) -> Caller:
    role = getattr(key, "space_role", None)
    if space_id is None or role is None:
        return Caller(key.principal, key)
    access = SpaceAccess(space_id, key.tenant_id, key.principal_id, role, frozenset(key.permissions))
    return Caller(key.principal, key, access)


def _note_use(key: ApiKey, now: datetime) -> None:
    if key.last_used_at is None or key.last_used_at < now - LAST_USE_STEP:
        late = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - LAST_USE_STEP)
        ApiKey.objects.filter(late, pk=key.pk).update(last_used_at=timezone.now())
