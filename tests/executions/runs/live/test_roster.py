"""The frames of a subscription keep their order, also to a client that reads slowly."""

import asyncio
import json
from dataclasses import dataclass, field
from functools import partial

from executions.runs.live.batches import LogBatch, event_frame
from executions.runs.live.frames import write
from executions.runs.live.hub import Hub
from executions.runs.live.listener import notifications
from executions.runs.live.reader import LogReader
from executions.runs.live.socket.log_subscription import LogSubscription, SocketContext
from executions.runs.live.socket.subscription_set import Roster
from executions.runs.live.topic_watch import Watch
from spaces.identity import Credentials, ReadClaim
from spaces.ids import new_id


@dataclass
class Numbers:
    """A log in memory, whose hub hears of each entry."""

    topic: str = "n"
    written: int = 0
    watches: list[Watch] = field(default_factory=list)

    async def read(self, reader: LogReader, after: int) -> LogBatch:
        numbers = range(after + 1, self.written + 1)
        frames = [event_frame(number, "number", "{}", "", seq=str(number)) for number in numbers]
        return LogBatch(after, self.written, self.written, is_last=False, frames=frames)

    def write(self) -> None:
        self.written += 1
        for watch in self.watches:
            watch.hear(self.written)


class Following(LogSubscription):
    """Follows it from its beginning; the first entry is there before its own first frames are out."""

    async def _start(self) -> list[str]:
        assert isinstance(self._log, Numbers)
        self._log.watches.append(self.watch)
        self._log.write()
        return [self._subscribed(), write({"type": "snapshot"})]

    def claims(self) -> list[ReadClaim]:
        return []


def following(roster: Roster, log: Numbers) -> Following:
    hub = Hub(reader=LogReader(""), payloads=lambda: notifications(""))
    return Following(SocketContext(hub, Credentials(new_id()), "", roster), "a", log, named={})


def said(text: str) -> str:
    """The number of an event, the type of any other frame."""
    frame = json.loads(text)
    return str(frame.get("seq", frame["type"]))


async def test_frames_are_sent_at_once_while_there_is_room_and_by_the_writer_else_each_once():
    at_once: list[str] = []
    sent: list[str] = []

    async def send(text: str) -> None:
        await asyncio.sleep(0)
        sent.append(said(text))

    def send_now(text: str) -> bool:
        if said(text) in {"3", "4"}:  # its buffer is full
            return False
        at_once.append(said(text))
        sent.append(said(text))
        return True

    roster, log = Roster(send, send_now), Numbers()

    async def write() -> None:
        while True:
            await roster.write()

    writer = asyncio.create_task(write())
    await roster.add("a", partial(following, roster, log))
    await writer_has_rested()
    for _ in range(6):
        log.write()
        await writer_has_rested()
    writer.cancel()

    assert sent == ["subscribed", "snapshot", "1", "2", "3", "4", "5", "6", "7"]
    assert at_once == ["2", "5", "6", "7"]


async def writer_has_rested() -> None:
    """Turns of the loop, not time: the writer gets as many as it could want."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_events_never_precede_the_snapshot():
    sent: list[str] = []

    async def send(text: str) -> None:
        await asyncio.sleep(0.01)  # its buffer is full for a moment
        sent.append(said(text))

    roster = Roster(send)

    async def write() -> None:
        while len(sent) < 3:
            await roster.write()

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        await roster.add("a", partial(following, roster, Numbers()))

    assert sent == ["subscribed", "snapshot", "1"]
