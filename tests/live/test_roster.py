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

    def claims(self) -> list[Claim]:
        return []

    def close(self) -> None:
        self._left = []


async def test_events_never_precede_the_snapshot():
    sent: list[str] = []

    async def send(text: str) -> None:
        await asyncio.sleep(0.01)  # its buffer is full for a moment
        sent.append(text)

    roster = Roster(send)

    async def write() -> None:
        while len(sent) < 3:
            await roster.write()

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        await roster.add("a", OneEvent)

    assert sent == ["subscribed", "snapshot", "event"]
