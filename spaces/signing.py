"""Short-lived tokens that let a URL be read without a key."""

import uuid
from datetime import datetime, timedelta
from functools import cache

from django.core import signing
from django.urls import reverse

LIFETIME = timedelta(minutes=15)


class BadToken(Exception):
    """The token was altered, is for something else, or is over."""


def sign(kind: str, row_id: uuid.UUID) -> str:
    """A token for one row of one kind; whoever holds it may read that row's bytes for 15 minutes."""
    return signing.TimestampSigner(salt=f"callboard.{kind}").sign(row_id.hex).partition(":")[2]


def verify(kind: str, row_id: uuid.UUID, token: str) -> None:
    """Raises BadToken unless `token` was signed for this row and lives."""
    try:
        signing.TimestampSigner(salt=f"callboard.{kind}").unsign(f"{row_id.hex}:{token}", max_age=LIFETIME)
    except signing.BadSignature as error:
        raise BadToken from error


def signed_path(route: str, *ids: uuid.UUID, kind: str) -> str:
    """The path of a named route to a row's bytes, signed now for the last of these ids."""
    return f"{_pattern(route, len(ids)) % ids}?token={sign(kind, ids[-1])}"


@cache
def _pattern(route: str, id_count: int) -> str:
    """The route's path with `%s` for each id: to reverse it for each link would cost as much as signing."""
    ids = [uuid.UUID(int=place) for place in range(id_count)]
    path = reverse(route, args=ids).replace("%", "%%")
    for row_id in ids:
        path = path.replace(str(row_id), "%s")
    return path


def expiry(now: datetime) -> datetime:
    """When a token signed now is over, to the second: tokens tell whole ones only, rounded down."""
    return now.replace(microsecond=0) + LIFETIME
