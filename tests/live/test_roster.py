"""The frames of a subscription keep their order, also to a client that reads slowly."""

import asyncio
from collections.abc import Callable

from executions.runlog.socket.roster import Roster
from spaces.identity import Claim


class OneEvent:
    """A subscription with news before its first frames are out."""

    is_over = False

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._left = ["event"]

    async def begin(self) -> list[str]:
        self._wake()
        return ["subscribed", "snapshot"]

    async def step(self) -> list[str]:
        given, self._left = self._left, []
        return given

    def push(self, send_now: Callable[[str], bool]) -> bool:
        return False

    def claims(self) -> list[Claim]:
        return []

    def close(self) -> None:
        self._left = []


class Counting:
    """A subscription with one frame a wake-up, numbered, however it is sent."""

    is_over = False

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self.heard = self._at = 0

    async def begin(self) -> list[str]:
        return ["subscribed"]

    async def step(self) -> list[str]:
        first, self._at = self._at + 1, self.heard
        return [str(number) for number in range(first, self.heard + 1)]

    def push(self, send_now: Callable[[str], bool]) -> bool:
        while self._at < self.heard and send_now(str(self._at + 1)):
            self._at += 1
        return self._at == self.heard

    def claims(self) -> list[Claim]:
        return []

    def close(self) -> None:
        self.heard = self._at


async def test_frames_are_sent_at_once_while_there_is_room_and_by_the_writer_else_each_once():
    at_once: list[str] = []
    sent: list[str] = []

    async def send(text: str) -> None:
        await asyncio.sleep(0)
        sent.append(text)

    def send_now(text: str) -> bool:
        if text in {"3", "4"}:  # its buffer is full
            return False
        at_once.append(text)
        sent.append(text)
        return True

    roster = Roster(send, send_now)
    made: list[Counting] = []

    def make(wake: Callable[[], None]) -> Counting:
        made.append(Counting(wake))
        return made[0]

    async def write() -> None:
        while True:
            await roster.write()

    writer = asyncio.create_task(write())
    await roster.add("a", make)
    await writer_has_rested()
    for _ in range(6):
        made[0].heard += 1
        made[0].wake()
        await writer_has_rested()
    writer.cancel()

    assert sent == ["subscribed", "1", "2", "3", "4", "5", "6"]
    assert at_once == ["1", "2", "5", "6"]


async def writer_has_rested() -> None:
    """Turns of the loop, not time: the writer gets as many as it could want."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_events_never_precede_the_snapshot():
    sent: list[str] = []

    async def send(text: str) -> None:
        await asyncio.sleep(0.01)  # its buffer is full for a moment
        sent.append(text)

    roster = Roster(send)

    async def write() -> None:
        while len(sent) < 3:
            await roster.write()

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        await roster.add("a", OneEvent)

    assert sent == ["subscribed", "snapshot", "event"]
