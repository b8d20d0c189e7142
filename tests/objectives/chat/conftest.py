"""A web process and a worker, both on the database of these tests, and a browser."""

from tests.admin.conftest import browser, page
from tests.executions.runs.live.conftest import _wakeups_here, server
from tests.executions.runs.worker.conftest import _django_db_helper, committed, shared_worker, traces

__all__ = [
    "_django_db_helper",
    "_wakeups_here",
    "browser",
    "committed",
    "page",
    "server",
    "shared_worker",
    "traces",
]
