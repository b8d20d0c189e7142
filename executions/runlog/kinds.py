"""The registry of kinds of runs: how each is begun, run, healed and cancelled by force.

Filled from `AppConfig.ready`; workers and sweepers know runs by their heads and by this alone.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from executions.runlog.lease import Lease, oldest_waiting
from executions.runlog.models import RunHead


class Begin(Protocol):
    """Leases one run of its kind that waits for a worker, and moves it.

    None where it does not wait, is of another kind, or belongs to one of the spaces to avoid.
    """

    def __call__(
        self, *, run_id: uuid.UUID, owner: uuid.UUID, now: datetime, avoid: Collection[uuid.UUID] = ()
    ) -> Lease | None: ...


class BeginFirst(Protocol):
    """The same for the one of these runs that has waited longest and that nobody else is at."""

    def __call__(self, *, run_ids: Sequence[uuid.UUID], owner: uuid.UUID, now: datetime) -> Lease | None: ...


class Settle(Protocol):
    """Decides about one run from its rows, under its head's lock; idempotent."""

    def __call__(self, *, run_id: uuid.UUID, now: datetime) -> object: ...


@dataclass(frozen=True, slots=True)
class Chore:
    """Something else to look after in each sweep: `find` names rows, `act` deals with one of them.

    `find` runs in the sweeper's transaction and takes no locks; `act` opens its own and is idempotent.
    """

    name: str
    find: Callable[[], Sequence[uuid.UUID]]
    act: Callable[[uuid.UUID, datetime], object]


@dataclass(frozen=True, slots=True)
class KindOfRun:
    """One kind of run; `name` is its `RunKind`.

    `attempt` is the dotted name of what runs a leased one, `(lease, taken_at, bench)`;
    only workers import it, since it may bring heavy libraries along. `heal` is called for a run whose lease
    is over, `force_cancel` for one whose worker did not stop it in time.
    """

    name: str
    begin: Begin
    begin_first: BeginFirst
    heal: Settle
    force_cancel: Settle
    attempt: str
    chores: tuple[Chore, ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """A lease, and the kind of the run that it is on."""

    lease: Lease
    kind: KindOfRun


_kinds: dict[str, KindOfRun] = {}


def register_kind(kind: KindOfRun) -> None:
    """Let workers run this kind; a repeat replaces it."""
    _kinds[kind.name] = kind


def kinds_of_runs() -> list[KindOfRun]:
    return list(_kinds.values())


def kind_of_run(name: str) -> KindOfRun:
    """The kind of that name; raises KeyError for one that no app registered."""
    return _kinds[name]


def begin_run(
    run_id: uuid.UUID,
    kind: str | None,
    *,
    owner: uuid.UUID,
    now: datetime,
    avoid: Collection[uuid.UUID] = (),
) -> Begun | None:
    """Lease a run; None where it does not wait for a worker, or not outside `avoid`.

    `kind` None is for a ticket that does not say it: then its head does.
    """
    if kind is None:
        kind = RunHead.objects.filter(pk=run_id).values_list("kind", flat=True).first()
    known = _kinds.get(kind or "")
    lease = known and known.begin(run_id=run_id, owner=owner, now=now, avoid=avoid)
    return Begun(lease, known) if known and lease else None


def begin_oldest_run(*, owner: uuid.UUID, now: datetime, avoid: Collection[uuid.UUID] = ()) -> Begun | None:
    """Lease the run that has waited longest outside the spaces in `avoid`; None where none waits."""
    for name, run_ids in _by_kind(oldest_waiting(avoid=avoid)).items():
        lease = _kinds[name].begin_first(run_ids=run_ids, owner=owner, now=now)
        if lease is not None:
            return Begun(lease, _kinds[name])
    return None


def _by_kind(run_ids: Sequence[uuid.UUID]) -> dict[str, list[uuid.UUID]]:
    """The runs by kind, the kind of the oldest first."""
    if not run_ids:
        return {}
    names = dict(RunHead.objects.filter(run_id__in=run_ids).values_list("run_id", "kind"))
    found: dict[str, list[uuid.UUID]] = {}
    for run_id in run_ids:
        name = names.get(run_id)
        if name in _kinds:
            found.setdefault(name, []).append(run_id)
    return found
