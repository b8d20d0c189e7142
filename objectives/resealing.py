"""Sealing again, under the newest key, what an older one sealed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet

from objectives.models import SealedValue
from objectives.vault import CannotOpen, newest_key_id, open_sealed, seal

BATCH = 200


@dataclass
class Resealed:
    """What a run did: how many rows of each kind it sealed again, and which it could not open."""

    counts: dict[str, int] = field(default_factory=dict)
    unopened: list[str] = field(default_factory=list)


def reseal_all(*, batch: int = BATCH) -> Resealed:
    """Seal everything under the newest key that is not; repeated calls do what is left.

    Rows are locked a batch at a time, for milliseconds: whoever writes one meanwhile comes before or after.
    What cannot be opened is left as it is and named.
    """
    done = Resealed()
    for model in sealed_models():
        name = str(model._meta.verbose_name_plural)
        done.counts[name] = sum(_batches(model, batch, done))
    return done


def sealed_models() -> list[type[SealedValue]]:
    """Every kind of row that holds a sealed value."""
    return [model for model in apps.get_models() if issubclass(model, SealedValue)]


def _batches(model: type[SealedValue], batch: int, done: Resealed) -> Iterator[int]:
    """How many rows each batch sealed again, in the order of ids."""
    last = UUID(int=0)
    while True:
        with transaction.atomic():
            due = QuerySet(model).filter(pk__gt=last, sealed__isnull=False)
            due = due.exclude(sealed_with=newest_key_id())
            rows = list(due.order_by("pk").select_for_update(no_key=True, of=("self",))[:batch])
            yield sum(_reseal(row, done) for row in rows)
        if not rows:
            return
        last = rows[-1].pk


def _reseal(row: SealedValue, done: Resealed) -> bool:
    try:
        row.sealed, row.sealed_with = seal(open_sealed(row.sealed or b"", row.sealed_with))
    except CannotOpen as error:
        done.unopened.append(f"{row._meta.verbose_name} {row.pk}: {error}")
        return False
    row.save(update_fields=["sealed", "sealed_with"])
    return True
