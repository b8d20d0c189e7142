"""Which run a free slot takes: fair between tenants and spaces, oldest first within one."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from executions.runs.lease import Lease
from executions.runs.registry import begin_oldest_run, begin_run
from spaces.models import Space

type Spaces = frozenset[uuid.UUID]


@dataclass(frozen=True, slots=True)
class SlotClaim:
    """A lease in a slot; `taken_at` is the monotonic time from before it was taken."""

    lease: Lease
    taken_at: float


class Slots:
    """The room that one worker process has for runs of a kind; its places claim one at a time.

    While another tenant waits, one tenant gets at most half of them, and so does a space while another space
    waits: a slot takes the run its ticket is for, unless that run's tenant or space has its share already;
    then the oldest run of those that have not; and only where no such run waits, the rest. With a single
    slot, tenants that wait take turns, and so do the spaces of one.

    `spare` places are beyond `count`, for tenants that find all of those taken: nobody knows when the runs of
    others end. Who has as many places as are left gets no more: the first newcomer gets half of them at most,
    the next one half of the rest.
    """

    def __init__(
        self,
        kind: str,
        *,
        owner: uuid.UUID,
        count: int,
        spare: int = 0,
        clock: Callable[[], datetime] = timezone.now,
    ) -> None:
        self._kind = kind
        self._owner = owner
        self.count = count
        self._spare = spare
        self._share = count // 2
        self._clock = clock
        self._busy: Counter[uuid.UUID] = Counter()  # by space
        self._tenants: dict[uuid.UUID, uuid.UUID] = {}  # by space; no space changes its own
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
            for avoid in self._shares():
                lease = begin_run(run_id, self._kind, owner=self._owner, now=self._clock(), avoid=avoid)
                if claim := self._taken(lease or self._oldest(avoid), taken_at):
                    return claim
            return None

    def claim_spare(self) -> SlotClaim | None:
        """Where all places are taken, lease the oldest run that may have a spare one; None for none."""
        with self._lock:
            left = self.count + self._spare - self.busy
            if self.busy < self.count or left < 1:
                return None
            taken_at = time.monotonic()
            return self._taken(self._oldest(self._spaces_of(self._tenants_with(left))), taken_at)

    def release(self, claim: SlotClaim) -> None:
        """The slot is free again."""
        with self._lock:
            self._busy[claim.lease.space_id] -= 1
            self._busy += Counter()  # forgets those that have none

    def _oldest(self, avoid: Spaces) -> Lease | None:
        return begin_oldest_run(self._kind, owner=self._owner, now=self._clock(), avoid=avoid)

    def _taken(self, lease: Lease | None, taken_at: float) -> SlotClaim | None:
        if lease is None:
            return None
        self._busy[lease.space_id] += 1
        self._last_space = lease.space_id
        return SlotClaim(lease, taken_at)

    def _shares(self) -> Iterator[Spaces]:
        """The spaces to avoid: those of tenants that have their share, spaces that have it, at last none."""
        spaces = {space for space, count in self._busy.items() if count >= self._share}
        tenants = self._tenants_with(self._share)
        if self._share == 0:
            spaces = {self._last_space} if self._last_space else set()
            tenants = set(self._tenants_of(spaces))
        if tenants:
            yield self._spaces_of(tenants) | spaces
        if spaces:
            yield frozenset(spaces)
        yield frozenset()

    def _tenants_with(self, count: int) -> set[uuid.UUID]:
        """The tenants that have so many places or more."""
        busy: Counter[uuid.UUID] = Counter()
        for tenant, taken in zip(self._tenants_of(self._busy), self._busy.values(), strict=True):
            busy[tenant] += taken
        return {tenant for tenant, taken in busy.items() if taken >= count}

    def _tenants_of(self, spaces: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """Looked up before a lease is taken: what fails behind it would leave a run to nobody."""
        unknown = [space for space in spaces if space not in self._tenants]
        if unknown:
            self._tenants |= dict(Space.objects.filter(pk__in=unknown).values_list("pk", "tenant_id"))
        return [self._tenants.get(space, space) for space in spaces]

    @staticmethod
    def _spaces_of(tenants: Collection[uuid.UUID]) -> Spaces:
        return frozenset(Space.objects.filter(tenant__in=tenants).values_list("pk", flat=True))
