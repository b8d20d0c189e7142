"""Reading the objective that this worker has leased."""

from typing import Any

from executions.runs.db_retry import retry_database
from executions.runs.worker.heartbeat import HeldLease
from objectives.models import Objective


def read_objective(held: HeldLease[Any]) -> Objective:
    """The objective as it is now, not locked; raises LeaseLost where the database stays away too long."""
    return retry_database(Objective.objects.get, check=held.require)(pk=held.lease.run_id)
