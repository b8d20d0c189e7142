"""The place at which a page of an admin list begins, and its text in an address."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from spaces.keyset import EPOCH, RowIsBeyond


@dataclass(frozen=True, slots=True)
class Place:
    """The row past which a page begins; `number` is only told to the reader."""

    is_older: bool
    number: int
    at: datetime | None
    id: uuid.UUID

    def __str__(self) -> str:
        micros = "" if self.at is None else str((self.at - EPOCH) // timedelta(microseconds=1))
        return f"{'older' if self.is_older else 'newer'}.{self.number}.{micros}.{self.id.hex}"


def read_place(text: str) -> Place | None:
    """The place behind its text; None, which is the first page, for any other text."""
    try:
        direction, number, micros, row_id = text.split(".")
        at = EPOCH + timedelta(microseconds=int(micros)) if micros else None
        place = Place(is_older=direction == "older", number=int(number), at=at, id=uuid.UUID(hex=row_id))
    except (ValueError, OverflowError):
        return None
    return place if str(place) == text else None


def beyond(place: Place, time_field: str | None) -> Q | RowIsBeyond:
    """The rows past a place, in its direction."""
    if time_field is None or place.at is None:
        return Q((f"pk__{'lt' if place.is_older else 'gt'}", place.id))
    return RowIsBeyond((time_field, "pk"), (place.at, place.id), sign="<" if place.is_older else ">")
