"""The tests' databases: each process clones one that is migrated already.

Decision: on the embedded server the template is kept, so that a single test waits for no migrations; whose
server DATABASE_URL names we cannot know, so there the template goes when the run ends. Names of ours begin
with `test_callboard_`; no other database is touched, that of the URL itself included.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from config.environment import ROOT

IS_KEPT = "DATABASE_URL" not in os.environ
_OWNER = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8] if IS_KEPT else os.environ["CALLBOARD_TEST_RUN"]
TEMPLATES = f"test_callboard_template_{_OWNER}_"  # of this checkout, or of this run
_LOCK = 0x63616C6C74657374  # "calltest"

type Execute = Callable[..., list[tuple[Any, ...]]]


def clone_database(name: str) -> str:
    """Django's default database is a fresh one of this name from now on; returns the name that it had.

    Any number of processes may do so at once: the first makes the template, the others wait for it.
    """
    before: str = connection.settings_dict["NAME"]
    with _server() as execute:
        execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        template = _template(execute)
        execute(f'DROP DATABASE IF EXISTS "{name}"')
        execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    _use(name)
    return before


def drop_database(before: str) -> None:
    """Drop the clone that is in use; Django's default database is that of `before` again."""
    name = connection.settings_dict["NAME"]
    _use(before)
    with _server() as execute:
        execute(f'DROP DATABASE "{name}"')


@contextlib.contextmanager
def empty_database(name: str) -> Iterator[None]:
    """Django's default database is one without any table meanwhile; it is gone at the end."""
    before: str = connection.settings_dict["NAME"]
    with _server() as execute:
        execute(f'DROP DATABASE IF EXISTS "{name}"')
        execute(f'CREATE DATABASE "{name}"')
    _use(name)
    try:
        yield
    finally:
        drop_database(before)


def original_migrations() -> MigrationExecutor:
    """Goes by the single steps that squashed migrations replace, in either direction."""
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    return executor


def drop_templates() -> None:
    """Leave nothing behind on a server that is not ours; called once at the end of a run."""
    with _server() as execute:
        _drop_templates(execute)


def migrations_digest() -> str:
    """Changes with whatever an empty database becomes by `migrate`: ours, the libraries', and the month.

    Tables of events are made for the months ahead.
    """
    digest = hashlib.sha256(f"{datetime.now(UTC):%Y-%m}".encode())
    for path in [ROOT / "uv.lock", *sorted(ROOT.glob("*/migrations/*.py"))]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _template(execute: Execute) -> str:
    """The name of the migrated database, made now if need be; the caller holds the lock."""
    name = TEMPLATES + migrations_digest()
    if execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]):
        return name
    _drop_templates(execute)
    draft, before = f"{TEMPLATES}draft", connection.settings_dict["NAME"]
    execute(f'CREATE DATABASE "{draft}"')
    _use(draft)
    call_command("migrate", verbosity=0, interactive=False)
    _use(before)
    # Under its final name only when it is whole: what is left of a run that was killed is never cloned.
    execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
    return name


def _drop_templates(execute: Execute) -> None:
    for (name,) in execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [TEMPLATES]):
        execute(f'DROP DATABASE "{name}"')


def _use(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


@contextlib.contextmanager
def _server() -> Iterator[Execute]:
    """A connection of its own, to no database of ours; what it has locked is free at the end."""
    with connection._nodb_cursor() as cursor:

        def execute(statement: str, values: list[object] | None = None) -> list[tuple[Any, ...]]:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

        yield execute
