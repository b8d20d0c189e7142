"""Which waiting run a worker takes, and leasing its head."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from executions.runs.lease import LEASE_SECONDS
from executions.runs.log import require_transaction
from executions.runs.models import RunHead
from executions.runs.sql import CALLED, FIRST, ONE, TAKE


@dataclass(frozen=True, slots=True)
class Wanted:
    """The run that a claim is for: the condition on its head, and the values in it."""

    which: LiteralString
    values: dict[str, Any]


def one(run_id: uuid.UUID, avoid: Collection[uuid.UUID] = ()) -> Wanted:
    """This run, if it waits for a worker and its space is none to avoid."""
    return Wanted(ONE, {"run_id": run_id, "avoid": list(avoid)})


def called(run_id: uuid.UUID) -> Wanted:
    """This run, which nobody but its caller's worker takes."""
    return Wanted(CALLED, {"run_id": run_id})


def first(run_ids: Sequence[uuid.UUID]) -> Wanted:
    """The one of these that has waited longest and that nobody else is at."""
    return Wanted(FIRST, {"run_ids": list(run_ids)})


def values_of(wanted: Wanted, owner: uuid.UUID, kind: str) -> dict[str, Any]:
    """What every statement that leases a head is given."""
    return {**wanted.values, "owner": owner, "kind": kind, "lease_seconds": LEASE_SECONDS}


def take(wanted: Wanted, owner: uuid.UUID, kind: str) -> RunHead | None:
    """Lease a run of a kind; None where it does not wait. Its head is locked by the caller's transaction."""
    require_transaction("taking a lease needs its caller's transaction")
    heads = RunHead.objects.raw(TAKE.replace("{which}", wanted.which), values_of(wanted, owner, kind))
    return next(iter(heads), None)
