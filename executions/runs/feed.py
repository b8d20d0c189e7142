"""A space's feed: its state changes, in one order that resuming neither skips nor repeats.

Decision: the number comes from the space's own head row, locked last in the transaction that
makes the change (order: run, then space). Serial ids commit out of order, and watermarks of
transaction ids stall on writers in other databases; a locked counter does neither.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection

from executions.runs.models import FeedHead, RunEvent
from executions.runs.sql import APPEND_TO_FEED
from executions.runs.wakeups import feed_topic, wake_all_after_commit
from spaces.ids import new_id


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """A place in a feed; its text `epoch:n` is the opaque cursor that clients keep."""

    epoch: uuid.UUID
    n: int

    def __str__(self) -> str:
        return f"{self.epoch.hex}:{self.n}"

    @classmethod
    def parse(cls, text: str) -> "FeedPosition | None":
        """The position a cursor stands for; None for a text that is no cursor."""
        epoch, _, n = text.partition(":")
        if len(epoch) != 32 or not n.isdecimal() or len(n) > 18:
            return None
        try:
            return cls(uuid.UUID(hex=epoch), int(n))
        except ValueError:
            return None


def append_to_feed(space_id: uuid.UUID, events: list[RunEvent]) -> None:
    """Enter state changes into the space's feed; the last lock of the caller's transaction."""
    if not events:
        return
    times: list[Any] = [event.at for event in events]
    runs: list[Any] = [event.run_id for event in events]
    numbers: list[Any] = [event.seq for event in events]
    with connection.cursor() as cursor:
        cursor.execute(
            APPEND_TO_FEED, [space_id, new_id(), len(events), space_id, len(events), runs, numbers, times]
        )
        n = max(row[0] for row in cursor.fetchall())
    wake_all_after_commit({feed_topic(space_id): n})


def begin_feed(space_id: uuid.UUID) -> None:
    """Give the feed its epoch where nothing has happened in the space yet; again, it changes nothing."""
    FeedHead.objects.bulk_create([FeedHead(space_id=space_id, epoch=new_id(), n=0)], ignore_conflicts=True)


def feed_position(space_id: uuid.UUID) -> FeedPosition:
    """Where a feed that has begun stands now; raises FeedHead.DoesNotExist."""
    head = FeedHead.objects.get(pk=space_id)
    return FeedPosition(head.epoch, head.n)
