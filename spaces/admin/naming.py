"""What the head of an admin page calls a row that has no name of its own."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model


@dataclass(frozen=True, slots=True)
class Named:
    """A row under a name: what unfold reads of the `original` of a page."""

    row: Model
    name: str

    @property
    def _meta(self) -> Any:
        return self.row._meta

    @property
    def pk(self) -> Any:
        return self.row.pk

    def __str__(self) -> str:
        return self.name
