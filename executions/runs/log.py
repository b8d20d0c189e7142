"""Appending to a run's log and reading it."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from executions.runs.models import HeadState, RunEvent, RunHead
from executions.runs.wakeups import run_topic, wake_all_after_commit
from spaces.ids import new_id


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before it has a number: its kind (`noun.past_tense`), its payload and its business time.

    `version` is that of the payload's form: readers put older ones into the present one (`RunStream.upcast`).
    """

    kind: str
    data: Mapping[str, Any]
    at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run's log goes, and whether it goes no further."""

    seq: int
    ended: bool


def locked_head(run_id: uuid.UUID, space_id: uuid.UUID | None = None) -> RunHead:
    """The run's head, locked until the transaction ends; the first lock of every write to a run.

    Raises RunHead.DoesNotExist, and where it is of another space than `space_id`, without locking it.
    """
    wanted = RunHead.objects.filter(pk=run_id)
    if space_id is not None:
        wanted = wanted.filter(space_id=space_id)
    # FOR NO KEY UPDATE: a plain FOR UPDATE would block the foreign-key checks of other inserts.
    return wanted.select_for_update(no_key=True).get()


def require_transaction(why: str) -> None:
    """For what needs its caller's transaction: raises TransactionManagementError outside of one."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(why)


def append(head: RunHead, events: Sequence[NewEvent]) -> list[RunEvent]:
    """Number and write events; sets `seq` and `last_event_id` on the head, which the caller saves.

    The caller's transaction holds the head's lock: numbers are then gap-free and in commit order.
    Registers the wake-up. Raises ValueError for a log that has ended.
    """
    require_transaction("append needs the transaction that locked the head")
    if head.state == HeadState.ENDED:
        raise ValueError(f"The log of {head.run_id} is closed.")
    numbers = list(numbered(head.run_id, head.seq, head.last_event_id, events))
    rows = [
        RunEvent(
            run_id=head.run_id,
            seq=seq,
            event_id=event_id,
            kind=event.kind,
            version=event.version,
            data=dict(event.data),
            at=event.at,
        )
        for _, seq, event_id, event in numbers
    ]
    if numbers:
        _, head.seq, head.last_event_id, _ = numbers[-1]
    RunEvent.objects.bulk_create(rows)
    wake_all_after_commit({run_topic(head.run_id): head.seq})
    return rows


class Numbered(NamedTuple):
    """An event at its place in a log."""

    run_id: uuid.UUID
    seq: int
    event_id: uuid.UUID
    event: NewEvent


def numbered(
    run_id: uuid.UUID, seq: int, last: uuid.UUID | None, events: Sequence[NewEvent]
) -> Iterator[Numbered]:
    """The events that follow number `seq`, whose event has the id `last`."""
    for number, event in enumerate(events, seq + 1):
        last = _next_event_id(last)
        yield Numbered(run_id, number, last, event)


def columns_of(rows: Sequence[Numbered]) -> dict[str, list[Any]]:
    """The same as arrays, for a statement that writes them all: models would cost ten times as much."""
    events = [row.event for row in rows]
    return {
        "run_ids": [row.run_id for row in rows],
        "seqs": [row.seq for row in rows],
        "event_ids": [row.event_id for row in rows],
        "kinds": [str(event.kind) for event in events],
        "versions": [event.version for event in events],
        "facts": [json.dumps(event.data, cls=DjangoJSONEncoder) for event in events],
        "times": [event.at for event in events],
    }


def position(run_id: uuid.UUID) -> Position | None:
    """How far the run's log goes now; None for a run that does not exist."""
    return positions([run_id]).get(run_id)


def positions(run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Position]:
    """The same for many runs in one query."""
    heads = RunHead.objects.filter(run_id__in=list(run_ids)).values_list("run_id", "seq", "state")
    return {run_id: Position(seq, state == HeadState.ENDED) for run_id, seq, state in heads}


def _next_event_id(last: uuid.UUID | None) -> uuid.UUID:
    """Greater than the last one even when the clock went back: clients compare these as strings."""
    fresh = new_id()
    return fresh if last is None or fresh > last else uuid.UUID(int=last.int + 1)
