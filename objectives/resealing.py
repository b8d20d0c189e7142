"""Sealing again, under the newest key, what an older one sealed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import Model, QuerySet

from objectives.models import SealedValue
from objectives.vault import CannotOpen, newest_key_id, open_sealed, seal
from spaces.models import Tenant

BATCH = 200


@dataclass(frozen=True)
class Place:
    """Where sealed values are kept: a kind of row, the field of the value and that of its key's id."""

    model: type[Model]
    value: str
    key_id: str

    def __str__(self) -> str:
        name = str(self.model._meta.verbose_name_plural)
        return name if self.value == "sealed" else f"{name} ({self.value.replace('_', ' ')})"


@dataclass
class Resealed:
    """What a run did: how many values it sealed again in each place, and which it could not open."""

    counts: dict[str, int] = field(default_factory=dict)
    unopened: list[str] = field(default_factory=list)


def reseal_all(*, batch: int = BATCH) -> Resealed:
    """Seal everything under the newest key that is not; repeated calls do what is left.

    Rows are locked a batch at a time, for milliseconds: whoever writes one meanwhile comes before or after.
    What cannot be opened is left as it is and named.
    """
    done = Resealed()
    for place in sealed_places():
        done.counts[str(place)] = sum(_batches(place, batch, done))
    return done


def sealed_places() -> list[Place]:
    """Every place where sealed values are kept."""
    kinds = [model for model in apps.get_models() if issubclass(model, SealedValue)]
    return [
        *(Place(model, "sealed", "sealed_with") for model in kinds),
        Place(Tenant, "webhook_secret", "webhook_secret_key"),
        Place(Tenant, "challenge_token", "challenge_token_key"),
    ]


def _batches(place: Place, batch: int, done: Resealed) -> Iterator[int]:
    """How many values each batch sealed again, in the order of ids."""
    last = UUID(int=0)
    while True:
        with transaction.atomic():
            rows: QuerySet[Any] = QuerySet(place.model).filter(
                pk__gt=last, **{f"{place.value}__isnull": False}
            )
            due = rows.exclude(**{place.key_id: newest_key_id()}).order_by("pk")
            found = list(due.select_for_update(no_key=True, of=("self",))[:batch])
            yield sum(_reseal(place, row, done) for row in found)
        if not found:
            return
        last = found[-1].pk


def _reseal(place: Place, row: Model, done: Resealed) -> bool:
    try:
        value = open_sealed(getattr(row, place.value), getattr(row, place.key_id))
    except CannotOpen as error:
        done.unopened.append(f"{row._meta.verbose_name} {row.pk}: {error}")
        return False
    sealed, key_id = seal(value)
    setattr(row, place.value, sealed)
    setattr(row, place.key_id, key_id)
    row.save(update_fields=[place.value, place.key_id])
    return True
