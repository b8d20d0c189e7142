"""A run's log as entries of a timeline, which the server draws."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from executions.runs.models import RunEvent


@dataclass(slots=True)
class Entry:
    """What happened, in words: a title (a name where `is_name`), a note beside it, and a text below.

    `detail` is unfolded by a click, and is JSON where `is_json`; `link` leads to the run that `badge` is the
    state of; `calls` are the tool calls drawn inside. `state` is what gives the entry its colour.
    """

    seq: int
    at: datetime
    offset: str
    kind: str
    title: str = ""
    note: str = ""
    text: str = ""
    look: str = "cb-said"
    state: str = ""
    detail: str = ""
    is_json: bool = False
    is_name: bool = False
    is_open: bool = False
    link: str = ""
    link_name: str = ""
    badge: str = ""
    calls: Sequence[Any] = field(default=())


def read_log(
    run_id: uuid.UUID, *, most: int, kinds: Iterable[str] | None = None
) -> tuple[list[RunEvent], bool]:
    """The newest events of some kinds or all, in their order, and whether there are older ones."""
    rows: QuerySet[RunEvent] = RunEvent.objects.filter(run_id=run_id).order_by("-seq")
    if kinds is not None:
        rows = rows.filter(kind__in=kinds)
    found = list(rows[: most + 1])
    return found[:most][::-1], len(found) > most
