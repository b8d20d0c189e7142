"""A `sub` that follows what happens in a space."""

import contextlib
import json
import uuid
from collections.abc import Callable

from django.utils import timezone

from executions.runlog import streams
from executions.runlog.feed import FeedPosition
from executions.runlog.frames import write, write_entry, write_snapshot
from executions.runlog.opening import open_feed
from executions.runlog.socket.subscriptions import Desk
from executions.runlog.threads import in_thread
from executions.runlog.topics import FeedLog
from executions.runlog.watching import Follower
from spaces.errors import Invalid
from spaces.identity import Claim


class FeedSubscription:
    """Follows a space's feed until the client leaves. `after` is a cursor, None begins with a snapshot."""

    def __init__(
        self, desk: Desk, sub: str, space_id: uuid.UUID, *, after: str | None, wake: Callable[[], None]
    ) -> None:
        self.is_over = False
        self._desk, self._sub, self._space_id, self._wake = desk, sub, space_id, wake
        self._after = None if after is None else FeedPosition.parse(after)
        if after is not None and self._after is None:
            raise Invalid.field("after", msg="after is not a cursor of a feed.", kind="cursor")
        self._open = contextlib.ExitStack()
        self._follower: Follower | None = None
        self._at = 0
        self._names = json.dumps(sub)

    async def begin(self) -> list[str]:
        self._follower = self._open.enter_context(self._desk.hub.follow(FeedLog(self._space_id), self._wake))
        opened = await in_thread(open_feed, self._desk.identity, self._space_id, now=timezone.now())
        frames = [write({"type": "subscribed", "sub": self._sub, "space_id": str(self._space_id)})]
        given, now_at = self._after, opened.position
        self._at = now_at.n
        if given is not None and given.epoch == now_at.epoch and given.n <= now_at.n:
            self._at = given.n
        else:
            if given is not None:
                # The feed has begun anew since that cursor was given out: what came after it is unknown.
                frames.append(write({"type": "gap", "sub": self._sub, "from": str(given), "to": str(now_at)}))
            frames.append(write_snapshot(self._sub, opened.snapshot, str(now_at)))
        self._wake()
        return frames

    async def step(self) -> list[str]:
        if self.is_over or self._follower is None:
            return []
        batch = await self._follower.read(self._at)
        if batch is None or self.is_over:
            return []
        self._at = batch.end
        gap = next((frame for frame in batch.frames if frame.is_gap), None)
        frames = [write_entry(self._names, frame) for frame in batch.frames]
        if gap is not None:
            # Whoever missed state changes needs the states themselves.
            opened = await in_thread(open_feed, self._desk.identity, self._space_id, now=timezone.now())
            self._at = opened.position.n
            frames = [write_entry(self._names, gap)]
            frames.append(write_snapshot(self._sub, opened.snapshot, str(opened.position)))
        if self._follower.has_more(self._at):
            self._wake()
        return frames

    def claims(self) -> list[Claim]:
        return [
            Claim(self._desk.identity, self._space_id, stream.permission) for stream in streams.run_streams()
        ]

    def close(self) -> None:
        self.is_over = True
        self._open.close()
