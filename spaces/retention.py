"""Deleting what is needed no more: blobs that nothing points at, old tickets and idempotency keys."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, ForeignKey, ManyToOneRel, OuterRef, QuerySet

from spaces.blobs import blob_name, storage
from spaces.models import Blob, Ticket, UsedKey

# Bytes are stored before the row that needs them exists: so long somebody may still be about to make it.
UNTOUCHED_FOR = timedelta(days=1)
BATCH = 500


def unreferenced_blobs(now: datetime) -> QuerySet[Blob]:
    """Blobs that no row of any model points at, untouched for a day."""
    blobs = Blob.objects.filter(touched_at__lt=now - UNTOUCHED_FOR)
    for field in _references():
        pointing: QuerySet[Any] = QuerySet(field.model).filter(**{field.name: OuterRef("pk")})
        blobs = blobs.filter(~Exists(pointing))
    return blobs


def delete_unreferenced_blobs(now: datetime) -> Iterator[int]:
    """Delete them, row and bytes; how many, batch by batch. Safe while others store and read."""
    last = ""
    while batch := list(
        unreferenced_blobs(now).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        last = batch[-1]
        yield sum(_delete_blob(sha256, now) for sha256 in batch)


def expired_tickets(now: datetime) -> QuerySet[Ticket]:
    """Tickets that open nothing any more."""
    return Ticket.objects.filter(expires_at__lt=now)


def delete_used_keys(before: datetime) -> Iterator[int]:
    """Forget idempotency keys used before then; how many, batch by batch."""
    old = used_keys(before).order_by("created_at").values("pk")[:BATCH]
    while deleted := UsedKey.objects.filter(pk__in=old).delete()[0]:
        yield deleted


def used_keys(before: datetime) -> QuerySet[UsedKey]:
    """Idempotency keys used before then."""
    return UsedKey.objects.filter(created_at__lt=before)


def _delete_blob(sha256: str, now: datetime) -> bool:
    """Delete one blob if still nothing points at it.

    Its bytes go while its row is locked: whoever stores the same content waits, and then looks again.
    """
    with transaction.atomic():
        if unreferenced_blobs(now).filter(pk=sha256).select_for_update(of=("self",)).first() is None:
            return False
        storage().delete(blob_name(sha256))
        return bool(Blob.objects.filter(pk=sha256).delete()[0])


def _references() -> list[ForeignKey[Any, Any]]:
    """Every foreign key to a blob, of every app: one that a later app adds is kept by itself."""
    related = Blob._meta.get_fields(include_hidden=True)
    return [relation.field for relation in related if isinstance(relation, ManyToOneRel)]
