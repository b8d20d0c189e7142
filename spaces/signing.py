"""Short-lived tokens that let a URL be read without a key."""

import uuid
from datetime import datetime, timedelta

from django.core import signing

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


def expiry(now: datetime) -> datetime:
    """When a token signed now is over, to the second: tokens tell whole ones only, rounded down."""
    return now.replace(microsecond=0) + LIFETIME
