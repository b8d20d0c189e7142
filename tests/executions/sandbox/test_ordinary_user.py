"""The sandbox of a worker that is not root holds as well."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.executions.sandbox.ordinary import run_tests

TESTS = Path("tests/executions/sandbox")
# Every way out, and those limits that the kernel counts by user.
CHOSEN = (
    "isolation or endings or fork_bomb or refuses_processes or threads_count or summed"
    " or four_gigabytes or without_a_name or closed or everything_a_script_leaves or weaker"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="this run is an ordinary user's already")
def test_an_ordinary_user_passes_the_same_tests():
    with tempfile.TemporaryDirectory(prefix="callboard-ordinary-") as area:
        ran = run_tests(Path(area), str(TESTS), "-q", "-k", f"({CHOSEN}) and not ordinary_user")

    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout
