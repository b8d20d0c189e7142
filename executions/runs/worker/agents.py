"""The runs of a worker that wait in its event loop: hundreds, each a task, which hold no thread."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine

from executions.runs.lease import Lease
from executions.runs.worker.context import Bench
from executions.runs.worker.slots import SlotClaim, Slots

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5  # how late a newcomer may be seen where all places are taken

type Attempt = Callable[[Lease, float, Bench], Awaitable[None]]


class Agents:
    """Runs of one kind, as many as there is room for; to be made in the event loop."""

    def __init__(self, slots: Slots, attempt: Attempt, bench: Bench) -> None:
        self._slots = slots
        self._attempt = attempt
        self._bench = bench
        self._is_resting = False
        self._looking = asyncio.create_task(self._look_for_newcomers())
        # A connection that is lost may begin the taking of jobs anew while all go on.
        self._room = asyncio.Semaphore(slots.count)
        # Claims are made one at a time: no more than one thread waits for its turn.
        self._claiming = asyncio.Lock()
        self._going_on: set[asyncio.Task[None]] = set()

    async def advance(self, run_id: uuid.UUID) -> None:
        """Take a run with the ticket of `run_id`, and wait until its attempt is over.

        The attempt goes on where its waiting is cancelled: that is the job queue's matter alone.
        """
        await asyncio.shield(self._begin(self._take(run_id)))

    async def rest(self) -> None:
        """Take nothing more, and wait until no attempt goes on any more."""
        self._is_resting = True
        await self._looking
        while self._going_on:
            await asyncio.wait(self._going_on)

    async def _take(self, run_id: uuid.UUID) -> None:
        async with self._room:
            async with self._claiming:
                claim = await self._bench.steps.run(self._slots.claim, run_id)
            if claim is not None:
                await self._go_on(claim)

    async def _go_on(self, claim: SlotClaim) -> None:
        try:
            await self._attempt(claim.lease, claim.taken_at, self._bench)
        finally:
            self._slots.release(claim)

    async def _look_for_newcomers(self) -> None:
        """Where all places are taken no ticket is: whoever may have a spare one is looked for."""
        while not self._is_resting:
            await asyncio.sleep(LOOK_SECONDS)
            while self._room.locked() and not self._is_resting and await self._take_spare():
                continue

    async def _take_spare(self) -> bool:
        """Whether there was somebody to take."""
        try:
            async with self._claiming:
                claim = await self._bench.steps.run(self._slots.claim_spare)
        except Exception:
            logger.exception("No newcomer could be taken")
            return False
        if claim is not None:
            self._begin(self._go_on(claim))
        return claim is not None

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)
        return task
