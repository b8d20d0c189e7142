"""Which run a free slot takes: fair between spaces, oldest first within one."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from executions.runs.lease import Lease
from executions.runs.registry import begin_oldest_run, begin_run


@dataclass(frozen=True, slots=True)
class SlotClaim:
    """A lease in a slot; `taken_at` is the monotonic time from before it was taken."""

    lease: Lease
    taken_at: float


class Slots:
    """The room that one worker process has for runs of a kind; its places claim one at a time.

    While another space waits, one space gets at most half of them: a slot takes the run its ticket is for,
    unless that run's space has its share already; then the oldest run of a space that has not; and only
    where no such space waits, the rest. With a single slot, spaces that wait take turns.
    """

    def __init__(
        self, kind: str, *, owner: uuid.UUID, count: int, clock: Callable[[], datetime] = timezone.now
    ) -> None:
        self._kind = kind
        self._owner = owner
        self.count = count
        self._share = count // 2
        self._clock = clock
        self._busy: Counter[uuid.UUID] = Counter()
        self._last_space: uuid.UUID | None = None
        # Deciding by what is held and adding to it must be one step.
        self._lock = threading.Lock()

    @property
    def busy(self) -> int:
        """How many places are taken."""
        return self._busy.total()

    def claim(self, run_id: uuid.UUID) -> SlotClaim | None:
        """Lease a run for a slot that holds the ticket of `run_id`; None where nothing waits for a worker."""
        with self._lock:
            taken_at = time.monotonic()
            lease = self._lease(run_id, self._saturated())
            if lease is None:
                return None
            self._busy[lease.space_id] += 1
            self._last_space = lease.space_id
            return SlotClaim(lease, taken_at)

    def release(self, claim: SlotClaim) -> None:
        """The slot is free again."""
        with self._lock:
            self._busy[claim.lease.space_id] -= 1

    def _lease(self, run_id: uuid.UUID, saturated: Collection[uuid.UUID]) -> Lease | None:
        for avoid in (saturated, ()) if saturated else ((),):
            now = self._clock()
            lease = begin_run(run_id, self._kind, owner=self._owner, now=now, avoid=avoid)
            lease = lease or begin_oldest_run(self._kind, owner=self._owner, now=now, avoid=avoid)
            if lease is not None:
                return lease
        return None

    def _saturated(self) -> set[uuid.UUID]:
        if self._share == 0:
            return {self._last_space} if self._last_space else set()
        return {space for space, count in self._busy.items() if count >= self._share}
