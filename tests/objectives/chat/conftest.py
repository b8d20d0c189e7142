"""A web process and a worker, both on the database of these tests."""

from tests.executions.runs.live.conftest import _wakeups_here, server
from tests.executions.runs.worker.conftest import _django_db_helper, committed, shared_worker, traces

__all__ = ["_django_db_helper", "_wakeups_here", "committed", "server", "shared_worker", "traces"]
