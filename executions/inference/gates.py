"""Who may ask a provider now: a bounded number, by fair shares, and nobody whom it wants to leave it alone.

Decision: one may hold only so many times the places that are free. So there is always room for whoever comes
next, without anybody knowing beforehand how many will come, and shares even out as answers end.

Decision: where a provider has told one request to come back later, all others of its credential are sent
away, too. They come back in growing numbers, since all at once would be refused again.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from math import inf
from typing import Any

SHARE = 4  # how many times what is free one may hold: four fifths while nobody else asks
FIRST = 4  # that may ask in the first second after a pause; in the next twice as many more, and so on
GROWING_SECONDS = 8
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # where a provider does not say how long
SHORT_PAUSE = 2.0  # that is waited for here
CLOCKS_APART = 0.5  # two who are told the same do not read the same time


class Paused(Exception):
    """The provider must not be asked for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Stopped(Exception):
    """Whoever waited does not want to ask any more."""


class Gate:
    """The requests of one credential in one event loop, at most so many at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: Counter[Hashable] = Counter()
        # Who waits, in the order of their turns.
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._paused_until = -inf
        self._begun = 0  # since the pause was over
        self._pauses = 0  # in a row, without an answer in between
        self._opens: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def place(self, whom: Hashable, stopped: asyncio.Event) -> AsyncIterator[None]:
        """A place of this one's, waited for if need be. Raises Paused and Stopped."""
        turn = self._queue(whom)
        try:
            if not turn.done():
                await _either(turn, stopped)
            if not turn.done():
                raise Stopped
            turn.result()
            yield
        finally:
            if not turn.done():
                turn.cancel()
            elif turn.exception() is None:
                self._leave(whom)

    def pause(self, seconds: float | None) -> bool:
        """Let nobody ask for so long, or where the provider did not say, for longer each time.

        Whether that is news: what is under way when it begins may be told the same.
        """
        left = self._paused_until - _now()
        is_new = left <= 0
        self._pauses += is_new
        if seconds is None:
            seconds = min(FIRST_PAUSE * 2 ** (self._pauses - 1), LONGEST_PAUSE) if is_new else left
        self._close_for(max(seconds, left))
        return is_new

    def know_of_pause(self, seconds: float) -> None:
        """The same where somebody else was told so; negative for one that has been over for so long."""
        if seconds > -GROWING_SECONDS and _now() + seconds > self._paused_until + CLOCKS_APART:
            self._close_for(seconds)

    def note_answer(self) -> None:
        """The provider answers."""
        self._pauses = 0

    async def aclose(self) -> None:
        """Nothing is open."""

    def _queue(self, whom: Hashable) -> asyncio.Future[None]:
        if (left := self._paused_until - _now()) > SHORT_PAUSE:
            raise Paused(left)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(whom, deque()).append(turn)
        self._admit()
        return turn

    def _leave(self, whom: Hashable) -> None:
        self._held[whom] -= 1
        if not self._held[whom]:
            del self._held[whom]
        self._admit()

    def _admit(self) -> None:
        """Let in who may enter, one of each in turn."""
        while (turns_of := self._next()) is not None:
            whom, turns = turns_of
            turn = turns.popleft()
            if turns:
                self._waiting.move_to_end(whom)
            else:
                del self._waiting[whom]
            if not turn.done():
                self._held[whom] += 1
                self._begun += 1
                turn.set_result(None)
        if self._waiting and self._opens is None and (wait := self._seconds_to_more()) > 0:
            self._opens = asyncio.get_running_loop().call_later(wait, self._open_further)

    def _next(self) -> tuple[Hashable, deque[asyncio.Future[None]]] | None:
        """The first in turn who may enter, or does not want to any more."""
        free = self._most - self._held.total()
        is_open = free > 0 and self._begun < self._may_begin()
        for whom, turns in self._waiting.items():
            if turns[0].done() or (is_open and self._held[whom] < SHARE * free):
                return whom, turns
        return None

    def _may_begin(self) -> float:
        since = _now() - self._paused_until
        if since < 0:
            return 0
        return inf if since >= GROWING_SECONDS else FIRST * (2 ** (int(since) + 1) - 1)

    def _seconds_to_more(self) -> float:
        """Until more may begin; 0 where it is not time that is waited for."""
        since = _now() - self._paused_until
        if since < 0:
            return -since
        return 0 if since >= GROWING_SECONDS else int(since) + 1 - since

    def _open_further(self) -> None:
        self._opens = None
        self._admit()

    def _close_for(self, seconds: float) -> None:
        self._paused_until, self._begun = _now() + seconds, 0
        if seconds <= SHORT_PAUSE:
            return
        waiting, self._waiting = self._waiting, OrderedDict()
        for turn in (turn for turns in waiting.values() for turn in turns if not turn.done()):
            turn.set_exception(Paused(seconds))


async def _either(turn: asyncio.Future[None], stopped: asyncio.Event) -> None:
    told: asyncio.Future[Any] = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait([turn, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
