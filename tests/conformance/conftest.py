"""One web process, one worker and one admin with the official SDK, for all tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from spaces.models import Role
from tests.conformance.stage import Stage
from tests.executions.runs.live.server import running_server
from tests.executions.runs.worker.conftest import _django_db_helper, committed
from tests.executions.runs.worker.processes import worker
from tests.factories import make_actor
from tests.objectives.agent_loop.tool_server import tool_server

__all__ = ["_django_db_helper", "committed"]

LOCAL = "127.0.0.0/8"  # where the tools of these tests answer


@pytest.fixture(scope="module")
def stage(committed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything that runs, on the test database."""
    folder: Path = tmp_path_factory.mktemp("conformance")
    blobs = str(settings.STORAGES["blobs"]["OPTIONS"]["location"])
    with (
        tool_server() as tools,
        running_server(BLOB_DIR=blobs) as web,
        worker(folder, "--concurrency", "8", PRIVATE_TOOL_HOSTS=LOCAL),
        Stage(web, tools, make_actor(role=Role.ADMIN)) as found,
    ):
        yield found
