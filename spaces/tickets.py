"""Tickets: what a browser shows instead of a key, for one websocket or for one thing.

Decision: a ticket for one thing may be shown as often as its holder likes until it is over. A browser's
EventSource comes back by itself and a page loads several pictures, so "once" would fail what it is made for;
what bounds it is what it is for, its seconds, and the key or the session that it rests on.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from spaces.access import Caller
from spaces.errors import NotPermitted
from spaces.identity import Credentials, caller_of_identity, identity_of
from spaces.keys import Unauthenticated
from spaces.models import Ticket
from spaces.ticket_scopes import RESOURCES, May, Scope, TicketKind, TicketSubject

LIFETIME = timedelta(seconds=60)  # of a ticket for everything, which is used up by one websocket
SECONDS = 15 * 60  # of a ticket for one thing, where nobody says how many
MOST_SECONDS = 24 * 60 * 60
PARAMETER = "ticket"  # of an address: the one way that fetch, EventSource, sockets and pictures all have


@dataclass(frozen=True, slots=True)
class Errand:
    """What somebody wants a ticket for."""

    space_id: uuid.UUID
    target: TicketSubject
    may: frozenset[str]
    seconds: int = SECONDS


def issue_ticket(
    *, caller: Caller, session_key: str | None, now: datetime, errand: Errand | None = None
) -> tuple[str, datetime]:
    """A token, and the time at which it ends: for one thing, or (without an errand) for the caller, once.

    What it opens rests on the caller's key, or on the session in which they ask (None for a key). Raises
    NotFound for a space that the caller does not reach, NotPermitted for what they may not do themselves, and
    for whoever comes with a ticket.
    """
    if caller.scope is not None:
        raise NotPermitted("A ticket cannot create further tickets.")
    token = secrets.token_urlsafe(32)
    expires_at = now + LIFETIME if errand is None else _end(caller, errand, now)
    Ticket.objects.create(
        digest=_digest(token),
        principal=caller.principal,
        api_key=caller.api_key,
        session_key=session_key if caller.api_key is None else None,
        created_at=now,
        expires_at=expires_at,
        **({} if errand is None else _columns(caller, errand)),
    )
    return token, expires_at


def redeem_ticket(token: str, *, now: datetime) -> Credentials:
    """Whom a ticket stands for on a socket; raises Unauthenticated where it, or what it rests on, is over.

    One for everything is used up: of two that show it at once the row's deletion lets one pass.
    """
    ticket = _living(token, now)
    if ticket.kind is None and not Ticket.objects.filter(pk=ticket.pk).delete()[0]:
        raise _unknown()
    return identity_of(_caller(ticket, now), ticket.session_key)


def caller_of_ticket(token: str, *, now: datetime) -> tuple[Caller, Credentials]:
    """Who shows a ticket for one thing; raises Unauthenticated, for one for everything too."""
    ticket = _living(token, now)
    if ticket.kind is None:
        raise Unauthenticated("This ticket is only valid for one websocket.")
    caller = _caller(ticket, now)
    return caller, identity_of(caller, ticket.session_key)


def _columns(caller: Caller, errand: Errand) -> dict[str, object]:
    """What the row says of its target; raises NotFound and NotPermitted."""
    access = caller.access(errand.space_id)
    for permission in _needed(errand):
        access.require(permission)
    return {
        "space_id": errand.space_id,
        "kind": errand.target.kind,
        "name": errand.target.name,
        "thread_id": errand.target.thread_id,
        "may": sorted(errand.may),
    }


def _needed(errand: Errand) -> list[str]:
    """The permissions that the maker must have: a ticket that opens nothing would only be found out later."""
    resources = RESOURCES[TicketKind(errand.target.kind)]
    needed = ["objectives:manage"] if {May.DECIDE, May.SAY} & errand.may else []
    for may, verb in ((May.READ, "read"), (May.CANCEL, "manage")):
        needed += [f"{resource}:{verb}" for resource in resources if may in errand.may]
    return needed


def _end(caller: Caller, errand: Errand, now: datetime) -> datetime:
    """After its seconds, or with the key that it rests on."""
    end = now + timedelta(seconds=errand.seconds)
    key_ends_at = caller.api_key.expires_at if caller.api_key else None
    return end if key_ends_at is None else min(end, key_ends_at)


def _living(token: str, now: datetime) -> Ticket:
    ticket = Ticket.objects.filter(digest=_digest(token)).first()
    if ticket is None or ticket.expires_at <= now:
        raise _unknown()
    return ticket


def _caller(ticket: Ticket, now: datetime) -> Caller:
    """Whoever asked for it, as they stand now; raises Unauthenticated."""
    scope = _scope(ticket)
    identity = Credentials(ticket.principal_id, ticket.api_key_id, ticket.session_key, scope=scope)
    return caller_of_identity(identity, now=now)


def _scope(ticket: Ticket) -> Scope | None:
    if ticket.kind is None or ticket.name is None or ticket.space_id is None:
        return None
    target = TicketSubject(ticket.kind, ticket.name, ticket.thread_id)
    return Scope(ticket.id, ticket.space_id, target, frozenset(ticket.may or ()), ticket.expires_at)


def _unknown() -> Unauthenticated:
    return Unauthenticated("This ticket is unknown, already used or expired.")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
