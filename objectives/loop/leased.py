"""Reading the objective that this worker has leased."""

from typing import Any

from executions.runner.patience import ask_patiently
from executions.worker.keeper import Held
from objectives.models import Objective


def read_objective(held: Held[Any]) -> Objective:
    """The objective as it is now, not locked; raises LeaseLost where the database stays away too long."""
    return ask_patiently(lambda: Objective.objects.get(pk=held.lease.run_id), check=held.require)
