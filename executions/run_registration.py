"""How skill executions are run: what workers, sweepers and the shared verbs ask about them."""

from executions.actions.cancellation import cancel, note_cancel, open_below
from executions.actions.claim import claim
from executions.actions.recovery import callers_that_ended, retry_or_fail, settle_sub_executions
from executions.lifecycle import check_move
from executions.models import RunKind, SkillExecution
from executions.runs.registry import Chore, RunRegistration, register_run


def register() -> None:
    """Called once, when the app is ready."""
    register_run(
        RunRegistration(
            name=RunKind.EXECUTION,
            model=SkillExecution,
            attempt="executions.runner.attempt.run_attempt",
            check_move=check_move,
            claim=claim,
            cancel=cancel,
            note_cancel=note_cancel,
            lost=retry_or_fail,
            settle=settle_sub_executions,
            open_below=open_below,
            chores=(Chore("settle", callers_that_ended, settle_sub_executions),),
        )
    )
