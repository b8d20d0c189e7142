"""Runs for the tests of runners, cleaned away afterwards."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from executions.runner.run import LeasedRun
from tests.executions.runner.prompt_runs import make_run


@pytest.fixture
def prompt_run(tmp_path: Path) -> Iterator[Callable[..., LeasedRun]]:
    """Makes runs of a prompt skill; see `make_run` for what may be given."""
    runs: list[LeasedRun] = []

    def make(**fields: Any) -> LeasedRun:
        runs.append(make_run(tmp_path / "runs", **fields))
        return runs[-1]

    yield make
    for run in runs:
        run.workspace.remove()
