"""The database of a test run: cloned from one that is kept until migrations change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from config.environment import ROOT
from tests import databases

CLONE = """
import sys
import django
django.setup()
from django.db import connection
from tests.databases import clone_database, drop_database
before = clone_database(sys.argv[1])
with connection.cursor() as cursor:
    cursor.execute("SELECT current_database(), count(*) > 50 FROM django_migrations")
    print(*cursor.fetchone(), flush=True)
sys.stdin.readline()
drop_database(before)
"""


def databases_named(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_two_runs_at_once_have_a_migrated_database_each_and_drop_it() -> None:
    names = [f"test_callboard_{os.getpid()}_{number}" for number in "ab"]
    variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", CLONE, name],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]

    assert [run.stdout.readline() for run in runs] == [f"{name} True\n" for name in names]
    assert [databases_named(name) for name in names] == [1, 1]

    assert [run.communicate("\n", timeout=120) and run.returncode for run in runs] == [0, 0]
    assert [databases_named(name) for name in names] == [0, 0]


def test_a_migration_makes_another_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrations = tmp_path / "app" / "migrations"
    migrations.mkdir(parents=True)
    (tmp_path / "uv.lock").write_text("version = 1\n")
    monkeypatch.setattr(databases, "ROOT", tmp_path)
    digests = [databases.migrations_digest()]
    for text in ("first", "second"):
        (migrations / "0001_first.py").write_text(text)
        digests.append(databases.migrations_digest())

    assert len(set(digests)) == 3
    assert databases.migrations_digest() == digests[-1]
