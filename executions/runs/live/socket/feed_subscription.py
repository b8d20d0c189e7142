"""A `sub` that follows what happens in a space."""

import uuid

from django.utils import timezone

from executions.runs.feed import FeedPosition
from executions.runs.live import registry
from executions.runs.live.authorisation import OpenedFeed, open_feed
from executions.runs.live.batches import LogBatch
from executions.runs.live.frames import write, write_entry, write_snapshot
from executions.runs.live.reader import FeedLog
from executions.runs.live.socket.log_subscription import LogSubscription, SocketContext
from executions.runs.live.threads import in_thread
from spaces.errors import Invalid
from spaces.identity import ReadClaim


class FeedSubscription(LogSubscription):
    """Follows a space's feed until the client leaves. `after` is a cursor, None begins with a snapshot."""

    def __init__(self, desk: SocketContext, sub: str, space_id: uuid.UUID, *, after: str | None) -> None:
        super().__init__(desk, sub, FeedLog(space_id), named={"space_id": str(space_id)})
        self._space_id = space_id
        self._after = None if after is None else FeedPosition.parse(after)
        if after is not None and self._after is None:
            raise Invalid.field("after", msg="after is not a cursor of a feed.", kind="cursor")

    def claims(self) -> list[ReadClaim]:
        return [
            ReadClaim(self._desk.identity, self._space_id, stream.permission)
            for stream in registry.run_streams()
        ]

    async def _start(self) -> list[str]:
        opened = await self._ask()
        frames = [self._subscribed()]
        given, now_at = self._after, opened.position
        if given is not None and given.epoch == now_at.epoch and given.n <= now_at.n:
            self.at = given.n
            return frames
        if given is not None:
            # The feed has begun anew since that cursor was given out: what came after it is unknown.
            frames.append(write({"type": "gap", "sub": self._sub, "from": str(given), "to": str(now_at)}))
        return [*frames, self._stand_at(opened)]

    async def _tell(self, batch: LogBatch) -> list[str]:
        gap = next((frame for frame in batch.frames if frame.is_gap), None)
        if gap is None:
            return await super()._tell(batch)
        # Whoever missed state changes needs the states themselves.
        return [write_entry(self._names, gap), self._stand_at(await self._ask())]

    async def _ask(self) -> OpenedFeed:
        return await in_thread(open_feed, self._desk.identity, self._space_id, now=timezone.now())

    def _stand_at(self, opened: OpenedFeed) -> str:
        """A snapshot of the space, and what follows it from there on."""
        self.at = opened.position.n
        return write_snapshot(self._sub, opened.snapshot, str(opened.position))
