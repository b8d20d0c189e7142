"""The runs of a worker that wait in its event loop: hundreds, each a task, which hold no thread."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

from executions.runs.lease import Lease
from executions.runs.worker.context import Bench
from executions.runs.worker.slots import Slots

logger = logging.getLogger(__name__)

type Attempt = Callable[[Lease, float, Bench], Awaitable[None]]


class Agents:
    """Runs of one kind, as many as there is room for; to be made in the event loop."""

    def __init__(self, slots: Slots, attempt: Attempt, bench: Bench) -> None:
        self._slots = slots
        self._attempt = attempt
        self._bench = bench
        # A connection that is lost may begin the taking of jobs anew while all go on.
        self._room = asyncio.Semaphore(slots.count)
        # Claims are made one at a time: no more than one thread waits for its turn.
        self._claiming = asyncio.Lock()
        self._going_on: set[asyncio.Task[None]] = set()

    async def advance(self, run_id: uuid.UUID) -> None:
        """Take a run with the ticket of `run_id`, and wait until its attempt is over.

        The attempt goes on where its waiting is cancelled: that is the job queue's matter alone.
        """
        task = asyncio.create_task(self._take(run_id))
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)
        await asyncio.shield(task)

    async def rest(self) -> None:
        """Wait until no attempt goes on any more."""
        while self._going_on:
            await asyncio.wait(self._going_on)

    async def _take(self, run_id: uuid.UUID) -> None:
        async with self._room:
            async with self._claiming:
                claim = await self._bench.steps.run(self._slots.claim, run_id)
            if claim is None:
                return
            try:
                await self._attempt(claim.lease, claim.taken_at, self._bench)
            finally:
                self._slots.release(claim)
