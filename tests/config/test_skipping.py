"""In CI no test is skipped for what is missing; at home it is, and the summary says why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.fixture
def browser():
    pytest.skip("there is no browser")

def test_of_a_page(browser): pass

@pytest.mark.skipif(True, reason="for another kind of machine")
def test_of_another_kind(): pass

def test_of_what_is_there(): pass
"""


def run(folder: Path, tests: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_these.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.skipping", "-p", "no:django", "-ra", "-q"]
    variables = {**os.environ, "CI": ci, "PYTHONPATH": str(Path.cwd())}
    return subprocess.run(
        [*command, "-c", str(folder / "pytest.ini"), str(folder)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_in_ci_a_test_that_lacks_its_browser_fails(tmp_path: Path) -> None:
    ran = run(tmp_path, TESTS, "true")

    assert ran.returncode == 1
    assert "1 passed, 1 skipped, 1 error" in ran.stdout
    assert "there is no browser" in ran.stdout


def test_in_ci_a_module_that_lacks_a_library_fails(tmp_path: Path) -> None:
    ran = run(tmp_path, "import pytest; pytest.importorskip('no_such_library')", "true")

    assert ran.returncode == 2
    assert "no_such_library" in ran.stdout


@pytest.mark.parametrize("ci", ["", "false"])
def test_at_home_it_is_skipped_and_the_summary_says_why(tmp_path: Path, ci: str) -> None:
    ran = run(tmp_path, TESTS, ci)

    assert ran.returncode == 0
    assert "1 passed, 2 skipped" in ran.stdout
    assert "SKIPPED [1]" in ran.stdout
    assert "there is no browser" in ran.stdout
