"""Data that other processes can see, workers that work on it, and a tool for them to call."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.executions.runs.worker.conftest import _django_db_helper, bench, committed, shared_worker, traces
from tests.executions.runs.worker.processes import Worker, worker
from tests.objectives.agent_loop.tool_server import ToolServer, tool_server

__all__ = ["_django_db_helper", "bench", "committed", "shared_worker", "traces"]

LISTED = "127.0.0.0/8"  # tools of tests are on this machine


@pytest.fixture
def tools(settings: Settings) -> Iterator[ToolServer]:
    """A tool over HTTP that attempts in this process may call."""
    settings.PRIVATE_TOOL_HOSTS = [LISTED]
    with tool_server() as server:
        yield server


@pytest.fixture
def new_worker(committed: None, tmp_path: Path) -> Callable[..., AbstractContextManager[Worker]]:
    """Starts a worker process with eight slots that may call tools on this machine."""

    def start(*arguments: str) -> AbstractContextManager[Worker]:
        return worker(tmp_path, "--concurrency", "8", *arguments, PRIVATE_TOOL_HOSTS=LISTED)

    return start


@pytest.fixture(scope="module")
def loop_worker(committed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One worker for all tests of a module that leave it alive."""
    folder = tmp_path_factory.mktemp("worker")
    with worker(folder, "--concurrency", "4", PRIVATE_TOOL_HOSTS=LISTED) as started:
        yield started
