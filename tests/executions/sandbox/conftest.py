"""Workspaces for the tests of the sandbox, removed afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from executions.sandbox import SandboxWorkspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[SandboxWorkspace]:
    made = SandboxWorkspace.create(tmp_path)
    yield made
    made.remove()
