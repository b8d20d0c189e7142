"""Tickets: what a browser shows to open a websocket, since it cannot send a key in a header."""

import hashlib
import secrets
from datetime import datetime, timedelta

from spaces.access import Caller
from spaces.identity import Identity, caller_of_identity, identity_of
from spaces.keys import Unauthenticated
from spaces.models import Ticket

LIFETIME = timedelta(seconds=60)


def issue_ticket(*, caller: Caller, session_key: str | None, now: datetime) -> tuple[str, datetime]:
    """A token that stands for the caller once, and the time at which it ends.

    What it opens rests on the caller's key, or on the session in which they ask (None for a key).
    """
    token = secrets.token_urlsafe(32)
    expires_at = now + LIFETIME
    Ticket.objects.create(
        digest=_digest(token),
        principal=caller.principal,
        api_key=caller.api_key,
        session_key=session_key if caller.api_key is None else None,
        created_at=now,
        expires_at=expires_at,
    )
    return token, expires_at


def redeem_ticket(token: str, *, now: datetime) -> Identity:
    """Whom a ticket stands for; raises Unauthenticated where it, or what it rests on, is unknown or over.

    Of two that show the same ticket at once the row's deletion lets one pass.
    """
    ticket = Ticket.objects.filter(digest=_digest(token)).first()
    if ticket is None or not Ticket.objects.filter(pk=ticket.pk).delete()[0] or ticket.expires_at <= now:
        raise Unauthenticated("This ticket is unknown, used or over.")
    identity = Identity(ticket.principal_id, ticket.api_key_id, ticket.session_key)
    return identity_of(caller_of_identity(identity, now=now), ticket.session_key)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
