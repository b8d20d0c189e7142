"""Parts of the admin's first page; each app adds its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.urls import reverse

MOST_COUNTED = 1000
MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, the state whose colour it has, and the list that holds exactly what it counts."""

    title: str
    state: str
    count: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """A short list; `columns` are what makes their cells, by title."""

    title: str
    columns: Mapping[str, Callable[[Any], str]]
    rows: Sequence[Model]
    nothing: str = ""

    @property
    def cells(self) -> list[list[str]]:
        return [[cell(row) for cell in self.columns.values()] for row in self.rows]


def bounded(rows: "QuerySet[Any]") -> str:
    """How many there are, up to a thousand; counted inside the database, off an index."""
    count = rows.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"


def newest(rows: "QuerySet[Any]") -> Sequence[Model]:
    """The few that a card shows."""
    return list(rows.order_by("-created_at", "-id")[:MOST_LISTED])


def list_url(model: type[Model], **narrowed: str) -> str:
    """The address of a model's list, narrowed by its filters."""
    listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{listed}?{urlencode(narrowed)}"
