"""Leasing a head for a kind of run whose claim moves more than one row: in the caller's transaction.

Skill executions have a statement of their own that does all at once (`executions.actions.claiming`).
"""

import uuid
from collections.abc import Collection, Sequence
from typing import Any, LiteralString

from django.db import transaction

from executions.runlog.lease import FIRST, ONE, SET_LEASE, WAITING
from executions.runlog.models import RunHead

_TAKE_ONE: LiteralString = f"{SET_LEASE} {WAITING} {ONE} RETURNING *"
_TAKE_FIRST: LiteralString = f"{SET_LEASE} {WAITING} {FIRST} RETURNING *"


def take(
    run_id: uuid.UUID, owner: uuid.UUID, *, kind: str, avoid: Collection[uuid.UUID] = ()
) -> RunHead | None:
    """Lease one run that waits for a worker; None where it does not, or is of a space in `avoid`.

    The head comes back locked until the caller's transaction ends.
    """
    return _take(_TAKE_ONE, {"owner": owner, "run_id": run_id, "kind": kind, "avoid": list(avoid)})


def take_first(run_ids: Sequence[uuid.UUID], owner: uuid.UUID, *, kind: str) -> RunHead | None:
    """The same for the one of these that has waited longest and that nobody else holds."""
    return _take(_TAKE_FIRST, {"owner": owner, "run_ids": list(run_ids), "kind": kind}) if run_ids else None


def _take(statement: LiteralString, values: dict[str, Any]) -> RunHead | None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("taking a lease needs its caller's transaction")
    for head in RunHead.objects.raw(statement, values):
        return head
    return None
