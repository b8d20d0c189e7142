"""How skill executions are run: what workers and sweepers ask about them."""

import uuid
from datetime import datetime

from executions.actions.healing import force_cancel, heal_run, settle_sub_executions
from executions.actions.running import begin_attempt, begin_first_attempt
from executions.models import RunKind
from executions.runlog.kinds import Chore, KindOfRun, register_kind
from executions.runlog.neglected import callers_that_ended


def register() -> None:
    """Called once, when the app is ready."""
    register_kind(
        KindOfRun(
            name=RunKind.EXECUTION,
            begin=begin_attempt,
            begin_first=begin_first_attempt,
            heal=heal_run,
            force_cancel=force_cancel,
            attempt="executions.runner.attempt.run_attempt",
            chores=(Chore("settle", callers_that_ended, _settle),),
        )
    )


def _settle(execution_id: uuid.UUID, now: datetime) -> None:
    settle_sub_executions(parent_id=execution_id, now=now)
