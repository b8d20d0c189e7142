"""Data that other processes can see, and worker processes to run it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from executions.runs.worker.context import Bench
from tests.emptying import despite_deadlocks
from tests.executions.runs.worker.benches import lent_bench
from tests.executions.runs.worker.collector import Collector, collector
from tests.executions.runs.worker.processes import Worker, worker


@pytest.fixture(scope="module")
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What the module's tests write is committed at once; everything is deleted behind the last of them.

    Emptying the tables after each test would wait for, and sometimes deadlock with, a worker that lives on.
    """
    with django_db_blocker.unblock():
        yield
        despite_deadlocks(_empty)
        connection.close()


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
    call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def _django_db_helper(committed: None) -> None:
    """What the mark `django_db` means in this folder, in place of pytest-django's own."""


@pytest.fixture(scope="module")
def traces() -> Iterator[Collector]:
    """Where the shared worker sends its spans."""
    with collector() as started:
        yield started


@pytest.fixture(scope="module")
def shared_worker(
    committed: None, traces: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """One worker with four slots for all tests of a module that leave it alive."""
    folder = tmp_path_factory.mktemp("worker")
    tracing = {"OTLP_ENDPOINT": traces.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with worker(folder, "--concurrency", "4", **tracing) as started:
        yield started


@pytest.fixture
def bench(committed: None, tmp_path: Path) -> Iterator[Bench]:
    """What an attempt needs when it is made in the test's own process."""
    with lent_bench(tmp_path / "bench") as lent:
        yield lent
