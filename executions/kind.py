"""How skill executions are run: what workers and sweepers ask about them."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from executions.actions.claiming import claim_first
from executions.actions.healing import force_cancel, heal_run, settle_sub_executions
from executions.actions.running import begin_attempt
from executions.models import RunKind
from executions.runlog.kinds import Chore, KindOfRun, register_kind
from executions.runlog.lease import Lease
from executions.runlog.neglected import callers_that_ended


def register() -> None:
    """Called once, when the app is ready."""
    register_kind(
        KindOfRun(
            name=RunKind.EXECUTION,
            begin=begin_attempt,
            begin_first=_begin_first,
            heal=heal_run,
            force_cancel=force_cancel,
            attempt="executions.runner.attempt.run_attempt",
            chores=(Chore("settle", callers_that_ended, _settle),),
        )
    )


def _begin_first(*, run_ids: Sequence[uuid.UUID], owner: uuid.UUID, now: datetime) -> Lease | None:
    return claim_first(run_ids, owner, now=now)


def _settle(execution_id: uuid.UUID, now: datetime) -> None:
    settle_sub_executions(parent_id=execution_id, now=now)
