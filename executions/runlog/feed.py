"""A space's feed: its state changes, in one order that resuming neither skips nor repeats.

Decision: the number comes from the space's own head row, locked last in the transaction that
makes the change (order: run, then space). Serial ids commit out of order, and watermarks of
transaction ids stall on writers in other databases; a locked counter does neither.
"""

import uuid
from dataclasses import dataclass

from django.db import connection

from executions.runlog.models import FeedEntry, FeedHead, RunEvent
from executions.runlog.wakeups import feed_topic, wake_after_commit
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
    n = _advance(space_id, len(events))
    FeedEntry.objects.bulk_create(
        FeedEntry(
            space_id=space_id, n=n - len(events) + index, run_id=event.run_id, run_seq=event.seq, at=event.at
        )
        for index, event in enumerate(events, start=1)
    )
    wake_after_commit(feed_topic(space_id), n)


def begin_feed(space_id: uuid.UUID) -> None:
    """Give the feed its epoch where nothing has happened in the space yet; a repeated call changes nothing."""
    FeedHead.objects.bulk_create([FeedHead(space_id=space_id, epoch=new_id(), n=0)], ignore_conflicts=True)


def feed_position(space_id: uuid.UUID) -> FeedPosition:
    """Where a feed that has begun stands now; raises FeedHead.DoesNotExist."""
    head = FeedHead.objects.get(pk=space_id)
    return FeedPosition(head.epoch, head.n)


def _advance(space_id: uuid.UUID, count: int) -> int:
    """Take `count` numbers; the row lock is held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO executions_feedhead AS head (space_id, epoch, n) VALUES (%s, %s, %s)
            ON CONFLICT (space_id) DO UPDATE SET n = head.n + EXCLUDED.n
            RETURNING n
            """,
            [space_id, new_id(), count],
        )
        return int(cursor.fetchone()[0])
