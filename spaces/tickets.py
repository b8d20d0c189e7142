"""Tickets: what a browser shows to open a websocket, since it cannot send a key in a header."""

import hashlib
import secrets
from datetime import datetime, timedelta

from spaces.access import Caller
from spaces.keys import Unauthenticated
from spaces.models import Ticket

LIFETIME = timedelta(seconds=60)


def issue_ticket(*, caller: Caller, now: datetime) -> tuple[str, datetime]:
    """A token that stands for the caller once, and the time at which it ends."""
    token = secrets.token_urlsafe(32)
    expires_at = now + LIFETIME
    Ticket.objects.create(
        digest=_digest(token),
        principal=caller.principal,
        api_key=caller.api_key,
        created_at=now,
        expires_at=expires_at,
    )
    return token, expires_at


def redeem_ticket(token: str, *, now: datetime) -> Caller:
    """The caller a ticket stands for; raises Unauthenticated where it is unknown, used or over.

    Of two that show the same ticket at once the row's deletion lets one pass.
    """
    ticket = Ticket.objects.select_related("principal", "api_key").filter(digest=_digest(token)).first()
    if ticket is None or not Ticket.objects.filter(pk=ticket.pk).delete()[0] or ticket.expires_at <= now:
        raise Unauthenticated("This ticket is unknown, used or over.")
    key = ticket.api_key
    key_is_over = key is not None and (
        key.revoked_at is not None or (key.expires_at or now + LIFETIME) <= now
    )
    if key_is_over or not ticket.principal.is_active:
        raise Unauthenticated("The credentials behind this ticket are over.")
    return Caller(ticket.principal, key)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
