"""The workflow and pre-commit keep to what is promised, and to `manage.py lint`."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from config import bootstrap
from config.management.commands.lint import CHECKS, run_checks
from config.postgres.binaries import OLDEST_MAJOR

ROOT = Path(__file__).parents[2]


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def matrix(job: str, of: str) -> list[str]:
    return read_yaml(".github/workflows/ci.yml")["jobs"][job]["strategy"]["matrix"][of]


def test_the_workflow_has_each_python_that_pyproject_promises_and_the_bootstrap_runs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (major, first), (_, beyond) = bootstrap.RUNNABLE

    assert project["requires-python"] == f">={major}.{first},<{major}.{beyond}"
    assert matrix("pythons", "python") == [f"{major}.{minor}" for minor in range(first, beyond)]


def test_the_workflow_has_each_postgresql_from_the_oldest_promised_on() -> None:
    versions = [int(version) for version in matrix("postgresqls", "postgresql")]

    assert f"PostgreSQL {OLDEST_MAJOR} or newer" in "".join(
        path.read_text() for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"))
    )
    assert versions == list(range(OLDEST_MAJOR, versions[-1] + 1))
    assert len(versions) > 1


def test_every_job_of_the_workflow_runs_what_anybody_can_run() -> None:
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"]

    assert all(job["steps"][-1] == {"run": ".ci/run"} for job in jobs.values())
    assert re.findall("python3 manage.py .*", (ROOT / ".ci/run").read_text()) == [
        "python3 manage.py test",
        "python3 manage.py lint",
    ]


def test_pre_commit_makes_the_checks_of_lint() -> None:
    hooks = read_yaml(".pre-commit-config.yaml")["repos"][0]["hooks"]

    assert {hook["entry"] for hook in hooks} == {f"python3 manage.py lint {name}" for name in CHECKS}


def test_lint_says_which_check_failed_and_goes_on(monkeypatch, capfd) -> None:
    monkeypatch.setitem(CHECKS, "ruff", ("rules", ["false"]))
    monkeypatch.setitem(CHECKS, "format", ("layout", ["true"]))
    monkeypatch.setenv("DATABASE_URL", settings.DATABASE_URL)  # else it stops the server that we stand on

    assert run_checks(["ruff", "format"]) == 1
    assert run_checks(["format"]) == 0
    assert re.findall(r"(FAILED|ok)  (\w+)", capfd.readouterr().out) == [
        ("FAILED", "ruff"),
        ("ok", "format"),
        ("ok", "format"),
    ]


def test_lint_refuses_a_check_that_there_is_not(capfd) -> None:
    assert run_checks(["spelling"]) == 2
    assert "There is no check spelling" in capfd.readouterr().err
