"""The registered kinds of runs, and the claims on runs of any kind.

Filled from `AppConfig.ready`; workers, sweepers and the shared verbs know runs by their heads and by this.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction

from executions.runs.claims import Wanted, first, one, take
from executions.runs.lease import Lease, lease_of, oldest_waiting
from executions.runs.models import RunHead
from executions.runs.run import Run

type Below = tuple[str, uuid.UUID, uuid.UUID]  # kind, id and space of a run that another one has started


class Claim(Protocol):
    """Leases a run of its kind and starts it, in a transaction of its own; None where it does not wait."""

    def __call__(self, wanted: Wanted, *, owner: uuid.UUID, now: datetime) -> Lease | None: ...


class RunStep[R: Run](Protocol):
    """What a kind does with one of its runs, whose head and row are locked."""

    def __call__(self, run: R, head: RunHead, /, *, now: datetime) -> object: ...


class Interrupted(Protocol):
    """Those of some runs that somebody asked to break off what they wait for, not to end; takes no locks."""

    def __call__(self, run_ids: Collection[uuid.UUID], /) -> Collection[uuid.UUID]: ...


class Cancel[R: Run](Protocol):
    """Ends a locked run that was asked to stop; `facts` belong to the event that says so."""

    def __call__(self, run: R, head: RunHead, /, *, now: datetime, **facts: Any) -> object: ...


@dataclass(frozen=True, slots=True)
class Chore:
    """Something else to look after in each sweep: `find` names rows, `act` deals with one of them.

    `find` runs in the sweeper's transaction and takes no locks; `act` opens its own and is idempotent.
    """

    name: str
    find: Callable[[datetime], Sequence[uuid.UUID]]
    act: Callable[[uuid.UUID, datetime], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRegistration[R: Run]:
    """One kind of run; `name` is its `RunKind`. Its steps are called by the verbs of `executions.runs`.

    `attempt` is the dotted name of what runs a leased one, `(lease, taken_at, bench)`; only workers import
    it, since it may bring heavy libraries along. That of one that `is_agent` is a coroutine, which waits in
    the worker's event loop; any other has a slot and its thread to itself. `start` is what a claim does
    unless `claim` is a statement that does all of it at once. `lost` decides about a run whose worker is
    gone.
    """

    name: str
    model: type[R]
    attempt: str
    is_agent: bool = False
    check_move: Callable[[R, str], None]  # raises IllegalMove
    claim: Claim | None = None
    start: RunStep[R] | None = None
    note_cancel: RunStep[R] | None = (
        None  # what the log hears when a run is asked to stop that a worker holds
    )
    interrupted: Interrupted | None = None  # which of the runs that a worker holds are to break off a wait
    cancel: Cancel[R]
    lost: RunStep[R]
    settle: Callable[[uuid.UUID, datetime], object] | None = None  # once a run may be over; idempotent
    open_below: Callable[[uuid.UUID], Iterable[Below]]
    stopped_with_caller: str = ""  # why a run stops whose caller was stopped, for people
    chores: tuple[Chore, ...] = ()


_kinds: dict[str, RunRegistration[Any]] = {}


def register_run(kind: RunRegistration[Any]) -> None:
    """Let workers run this kind; a repeat replaces it."""
    _kinds[kind.name] = kind


def registrations() -> list[RunRegistration[Any]]:
    return list(_kinds.values())


def registration(name: str) -> RunRegistration[Any]:
    """The kind of that name; raises KeyError for one that no app registered."""
    return _kinds[name]


def begin_run(
    run_id: uuid.UUID, kind: str, *, owner: uuid.UUID, now: datetime, avoid: Collection[uuid.UUID] = ()
) -> Lease | None:
    """Lease a run and start it; None where it does not wait for a worker, or not outside `avoid`."""
    return _begin(kind, one(run_id, avoid), owner, now) if kind in _kinds else None


def kind_of(run_id: uuid.UUID) -> str | None:
    """For a ticket that does not say it; None for a run that is gone."""
    return RunHead.objects.filter(pk=run_id).values_list("kind", flat=True).first()


def begin_oldest_run(
    kind: str, *, owner: uuid.UUID, now: datetime, avoid: Collection[uuid.UUID] = ()
) -> Lease | None:
    """Lease the run of a kind that has waited longest, outside the spaces in `avoid`; None for none."""
    waiting = oldest_waiting(kind, avoid=avoid)
    return _begin(kind, first(waiting), owner, now) if waiting else None


def _begin(kind: str, wanted: Wanted, owner: uuid.UUID, now: datetime) -> Lease | None:
    known = _kinds[kind]
    if known.claim is not None:
        return known.claim(wanted, owner=owner, now=now)
    with transaction.atomic():
        head = take(wanted, owner, kind)
        if head is None:
            return None
        lease = lease_of(head)
        run = known.model.objects.select_for_update(no_key=True).get(pk=head.run_id)
        if known.start is not None:
            known.start(run, head, now=now)
    return lease
