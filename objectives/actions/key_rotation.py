"""Sealing again, under the newest key and for their row only, values that are not sealed so."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from objectives.encrypted_fields import PLACES, EncryptedField
from objectives.encryption import CannotOpen

BATCH = 200


@dataclass
class Resealed:
    """What a run did: how many values it sealed again in each place, how many are left, and which failed."""

    counts: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    unopened: list[str] = field(default_factory=list)


def reseal_all(*, batch: int = BATCH) -> Resealed:
    """Seal everything anew that an older key sealed, or that is bound to nothing; repeated calls do the rest.

    Rows are locked a batch at a time, for milliseconds: whoever writes one meanwhile comes before or after.
    What cannot be opened is left as it is and named. A value that is bound to nothing becomes that of the row
    in which it is found.
    """
    done = Resealed()
    for place in PLACES:
        done.counts[str(place)] = sum(_batches(place, batch, done))
        done.left[str(place)] = place.due().count()
    return done


def _batches(place: EncryptedField, batch: int, done: Resealed) -> Iterator[int]:
    """How many values each batch sealed again, in the order of ids."""
    last = UUID(int=0)
    while True:
        with transaction.atomic():
            due = place.due().filter(pk__gt=last).order_by("pk")
            found = list(due.select_for_update(no_key=True, of=("self",))[:batch])
            yield sum(_reseal(place, row, done) for row in found)
        if not found:
            return
        last = found[-1].pk


def _reseal(place: EncryptedField, row: Model, done: Resealed) -> bool:
    try:
        value = place.open(row)
    except CannotOpen as error:
        done.unopened.append(f"{row._meta.verbose_name} {row.pk}: {error}")
        return False
    row.save(update_fields=place.seal(row, value))
    return True
