"""What happens after an end: jobs that derive everything from rows, so that doing them twice does no harm."""

import uuid

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from executions.models import RunKind
from executions.runs.queue import AGENTS
from executions.runs.verbs import cancel_below
from objectives.agent_loop.call_step import continue_after_child, continue_after_execution
from objectives.lifecycles.objectives import CHILD_ENDED, EXECUTION_ENDED, STOP_BELOW
from objectives.models import Objective

# Nobody else would tell the caller: a database that is away for a while must not leave it waiting for ever.
_AGAIN = RetryStrategy(max_attempts=12, exponential_wait=2)


@app.task(name=CHILD_ENDED, queue=AGENTS, retry=_AGAIN)
def child_ended(row_id: str) -> None:
    """A child objective is over: its caller goes on with what came of it."""
    continue_after_child(child_id=uuid.UUID(row_id), now=timezone.now())


@app.task(name=EXECUTION_ENDED, queue=AGENTS, retry=_AGAIN)
def execution_ended(row_id: str) -> None:
    """The skill execution of a tool call is over: the call's objective goes on."""
    continue_after_execution(call_id=uuid.UUID(row_id), now=timezone.now())


@app.task(name=STOP_BELOW, queue=AGENTS, retry=_AGAIN)
def stop_below(row_id: str) -> None:
    """An objective is over: nothing that it started goes on."""
    if Objective.objects.get(pk=row_id).is_over:
        cancel_below(RunKind.OBJECTIVE, uuid.UUID(row_id), by=None, now=timezone.now())
