"""Who may ask a provider: fair shares of a bounded number, and nobody for as long as it wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from executions.inference.gates import FIRST, Gate, Paused, Stopped

A_MOMENT = 0.05


class Crowd:
    """Those who ask, each until it is told to leave."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.tasks: list[asyncio.Task[None]] = []
        self.inside: list[str] = []
        self.stopped = asyncio.Event()

    async def come(self, whom: str, count: int = 1) -> None:
        """And a moment for who may enter."""
        self.tasks += [asyncio.create_task(self._stay(whom)) for _ in range(count)]
        await asyncio.sleep(A_MOMENT)

    async def leave(self, whom: str, count: int = 1) -> None:
        """As many of these who are inside, and a moment for others to enter."""
        for task in [task for task in self.tasks if task.get_name() == whom][:count]:
            task.cancel()
            self.tasks.remove(task)
        await asyncio.sleep(A_MOMENT)

    async def _stay(self, whom: str) -> None:
        async with self._gate.place(whom, self.stopped):
            task = asyncio.current_task()
            assert task is not None
            task.set_name(whom)
            self.inside.append(whom)
            try:
                await asyncio.sleep(60)
            finally:
                self.inside.remove(whom)


@asynccontextmanager
async def crowd(gate: Gate) -> AsyncIterator[Crowd]:
    came = Crowd(gate)
    try:
        yield came
    finally:
        for task in came.tasks:
            task.cancel()
        await asyncio.gather(*came.tasks, return_exceptions=True)


def test_one_may_not_take_what_others_need_to_enter_at_once() -> None:
    async def come() -> tuple[int, int]:
        async with crowd(Gate(100)) as came:
            await came.come("a", 300)
            alone = len(came.inside)
            await came.come("b")
            return alone, came.inside.count("b")

    assert asyncio.run(come()) == (80, 1)


def test_places_that_become_free_go_to_whoever_has_least() -> None:
    async def come() -> tuple[int, int]:
        async with crowd(Gate(100)) as came:
            await came.come("a", 300)
            await came.come("b", 300)
            for _ in range(10):
                await came.leave("a", 20)
            return came.inside.count("a"), came.inside.count("b")

    ours, theirs = asyncio.run(come())

    assert abs(ours - theirs) <= 4
    assert ours + theirs > 85


def test_no_more_than_its_number_is_inside() -> None:
    async def come() -> int:
        async with crowd(Gate(20)) as came:
            for whom in "abcdefghij":
                await came.come(whom, 10)
            return len(came.inside)

    assert asyncio.run(come()) == 20


def test_who_is_stopped_while_it_waits_leaves_no_trace() -> None:
    async def come() -> tuple[list[Any], int]:
        gate = Gate(1)
        async with crowd(gate) as waiting:
            async with crowd(gate) as came:
                await came.come("a")
                await waiting.come("b", 2)
                waiting.stopped.set()
                results = await asyncio.gather(*waiting.tasks, return_exceptions=True)
            async with crowd(gate) as again:
                await again.come("b")
                return [type(one) for one in results], len(again.inside)

    assert asyncio.run(come()) == ([Stopped, Stopped], 1)


def test_whoever_leaves_by_an_error_gives_its_place_back() -> None:
    async def fail(gate: Gate) -> None:
        async with gate.place("a", asyncio.Event()):
            raise ValueError("Nothing.")

    async def come() -> int:
        gate = Gate(1)
        for _ in range(3):
            with pytest.raises(ValueError, match="Nothing"):
                await fail(gate)
        async with crowd(gate) as came:
            await came.come("b")
            return len(came.inside)

    assert asyncio.run(come()) == 1


def test_a_pause_sends_away_who_comes_and_who_waits() -> None:
    async def come() -> tuple[float, float]:
        gate = Gate(1)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(gate.place("a", asyncio.Event()))
            async with crowd(gate) as came:
                await came.come("b")
                gate.pause(30)
                (waited,) = await asyncio.gather(*came.tasks, return_exceptions=True)
            with pytest.raises(Paused) as refused:
                await stack.enter_async_context(gate.place("b", asyncio.Event()))
        assert isinstance(waited, Paused)
        return waited.seconds, refused.value.seconds

    assert asyncio.run(come()) == pytest.approx((30, 30), abs=1)


def test_a_short_pause_is_waited_for_and_then_few_come_first() -> None:
    async def come() -> list[int]:
        gate = Gate(1000)
        gate.pause(0.2)
        seen = []
        async with crowd(gate) as came:
            await came.come("a", 100)
            seen.append(len(came.inside))
            for seconds in (0.3, 1, 1):
                await asyncio.sleep(seconds)
                seen.append(len(came.inside))
        return seen

    assert asyncio.run(come()) == [0, FIRST, FIRST * 3, FIRST * 7]


def test_after_a_while_all_come_again() -> None:
    async def come() -> int:
        gate = Gate(1000)
        gate.know_of_pause(-7.9)
        async with crowd(gate) as came:
            await came.come("a", 700)
            await asyncio.sleep(0.2)
            return len(came.inside)

    assert asyncio.run(come()) == 700


def test_those_under_way_that_hear_the_same_do_not_make_it_longer() -> None:
    async def hear() -> list[bool]:
        gate = Gate(1)
        news = [gate.pause(None) for _ in range(20)]
        async with gate.place("a", asyncio.Event()):
            pass
        return news

    assert asyncio.run(asyncio.wait_for(hear(), 5)) == [True, *[False] * 19]


def test_a_pause_that_two_tell_of_is_one() -> None:
    async def hear() -> int:
        gate = Gate(1000)
        gate.pause(0.1)
        async with crowd(gate) as came:
            await came.come("a", 50)
            for _ in range(10):
                gate.know_of_pause(0.1 - A_MOMENT)
                await asyncio.sleep(0.02)
            return len(came.inside)

    assert asyncio.run(hear()) == FIRST
