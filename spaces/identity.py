"""Who stands behind a connection that stays open, and whether they still may.

A request is authenticated once. A stream outlives its key, its session and its membership, so it keeps
only ids and asks again: one by one when it opens something, all together when it is only listened to.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from spaces.access import ROLE_PERMISSIONS, Caller, grants, memberships_within
from spaces.keys import Unauthenticated
from spaces.models import ApiKey, Membership, Principal
from spaces.sessions import SignIn, still_signed_in
from spaces.staff import readable_by_staff
from spaces.ticket_scopes import Scope


@dataclass(frozen=True, slots=True)
class Credentials:
    """A principal by a key, or by the session in which they signed in.

    `key_prefix` is that of the token they came with: a key that is renewed has another one. `scope` is that
    of the ticket they came with, which ends by itself too.
    """

    principal_id: uuid.UUID
    api_key_id: uuid.UUID | None = None
    session_key: str | None = None
    key_prefix: str | None = None
    scope: Scope | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether the ticket that they came with has ended; what it rests on is asked for apart."""
        return self.scope is not None and self.scope.until <= now


@dataclass(frozen=True, slots=True)
class ReadClaim:
    """That somebody may read in a space; `permission` is `resource:verb`."""

    identity: Credentials
    space_id: uuid.UUID
    permission: str


def identity_of(caller: Caller, session_key: str | None = None) -> Credentials:
    """What to keep of a caller; `session_key` is the session they came with, None for a key."""
    if caller.api_key is not None:
        return Credentials(
            caller.principal.id, caller.api_key.id, key_prefix=caller.api_key.prefix, scope=caller.scope
        )
    return Credentials(caller.principal.id, session_key=session_key, scope=caller.scope)


def caller_of_identity(identity: Credentials, *, now: datetime) -> Caller:
    """The caller as they stand now; raises Unauthenticated where key, session or principal is over."""
    over = Unauthenticated("These credentials have expired or were revoked.")
    if identity.is_over(now):
        raise over
    if identity.api_key_id is not None:
        key = _living_keys([identity], now).select_related("principal").first()
        if key is None or not key.principal.is_active or identity.key_prefix not in {None, key.prefix}:
            raise over
        return Caller(key.principal, key, scope=identity.scope)
    principal = Principal.objects.filter(pk=identity.principal_id, is_active=True).first()
    if principal is None or not still_signed_in(_sign_ins([identity]), now=now):
        raise over
    return Caller(principal, scope=identity.scope)


def living(identities: Collection[Credentials], *, now: datetime) -> set[Credentials]:
    """Those whose key, session and principal still count; four queries at most."""
    principals = set(
        Principal.objects.filter(
            pk__in={identity.principal_id for identity in identities}, is_active=True
        ).values_list("pk", flat=True)
    )
    keys: set[tuple[uuid.UUID | None, str | None]] = set()
    for key_id, prefix in _living_keys(identities, now).values_list("pk", "prefix"):
        keys |= {(key_id, prefix), (key_id, None)}
    signed_in = still_signed_in(_sign_ins(identities), now=now)
    return {
        identity
        for identity in identities
        if identity.principal_id in principals
        and not identity.is_over(now)
        and (
            (identity.api_key_id, identity.key_prefix) in keys
            or (identity.principal_id, identity.session_key) in signed_in
        )
    }


def holding(claims: Collection[ReadClaim], *, now: datetime) -> set[ReadClaim]:
    """Those of the claims that hold now, by the rules of `spaces.access`, in a handful of queries for all."""
    alive = living({claim.identity for claim in claims}, now=now)
    wanted = [claim for claim in claims if claim.identity in alive]
    roles = _roles(wanted)
    keys = {key.pk: key for key in _living_keys(alive, now)}
    reached = _reached_spaces(keys)
    at_desk = _at_desk(alive)
    return {
        claim
        for claim in wanted
        if grants(at_desk.get(claim.identity.principal_id, frozenset()), claim.permission)
        or _holds(claim, roles.get((claim.identity.principal_id, claim.space_id)), keys, reached)
    }


def spaces_within_reach(caller: Caller, *, limit: int) -> list[uuid.UUID]:
    """At most `limit` of the spaces that the caller is in; none for an operator, who is in none."""
    if caller.principal.tenant_id is None:
        return []
    memberships = memberships_within(caller.principal.id, caller.principal.tenant_id, caller.api_key)
    return list(memberships.order_by("space_id").values_list("space_id", flat=True)[:limit])


def _living_keys(identities: Iterable[Credentials], now: datetime) -> QuerySet[ApiKey]:
    wanted = {identity.api_key_id for identity in identities if identity.api_key_id is not None}
    in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return ApiKey.objects.filter(in_time, pk__in=wanted, revoked_at__isnull=True, disabled_at__isnull=True)


def _sign_ins(identities: Iterable[Credentials]) -> set[SignIn]:
    return {
        (identity.principal_id, identity.session_key)
        for identity in identities
        if identity.session_key is not None
    }


def _roles(claims: Iterable[ReadClaim]) -> dict[tuple[uuid.UUID, uuid.UUID], str]:
    """The role of each principal in each space, by (principal, space)."""
    claims = list(claims)
    rows = Membership.objects.filter(
        principal_id__in={claim.identity.principal_id for claim in claims},
        space_id__in={claim.space_id for claim in claims},
        space__archived_at__isnull=True,
    ).values_list("principal_id", "space_id", "role", "principal__tenant_id", "space__tenant_id")
    return {
        (principal, space): role
        for principal, space, role, tenant, space_tenant in rows
        if tenant == space_tenant
    }


def _reached_spaces(keys: dict[uuid.UUID, ApiKey]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """The spaces that each key names; keys of all spaces name none."""
    named: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for key_id, space_id in ApiKey.spaces.through.objects.filter(apikey_id__in=keys).values_list(
        "apikey_id", "space_id"
    ):
        named[key_id].add(space_id)
    return named


def _at_desk(identities: Iterable[Credentials]) -> dict[uuid.UUID, frozenset[str]]:
    """What those may who work at the operators' desk, by principal; two queries for each of the staff."""
    by_session = {identity.principal_id for identity in identities if identity.api_key_id is None}
    found = Principal.objects.filter(pk__in=by_session, tenant__isnull=True)
    return {
        principal.pk: frozenset({"*"}) if principal.is_superuser else readable_by_staff(principal)
        for principal in found
    }


def _holds(
    claim: ReadClaim,
    role: str | None,
    keys: dict[uuid.UUID, ApiKey],
    reached: dict[uuid.UUID, set[uuid.UUID]],
) -> bool:
    if role is None or not grants(ROLE_PERMISSIONS[role], claim.permission):
        return False
    if claim.identity.api_key_id is None:
        return True
    key = keys.get(claim.identity.api_key_id)
    if key is None:  # revoked since `living` looked
        return False
    in_reach = key.all_spaces or claim.space_id in reached[key.pk]
    return in_reach and grants(frozenset(key.permissions), claim.permission)
