"""Statements of the hottest paths, which PostgreSQL plans once a connection.

Decision: what every request asks (who calls, and the execution of a tool call) and what every
dispatch and claim writes is SQL by hand. Building those two queries by the ORM took 4 ms a request,
planning them another half: more than everything else together. Bound by the server and used often
they are prepared by themselves; behind a pooler, where that does not work, the settings turn it off.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from django.db import connection


def fetch_row(
    statement: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]
) -> tuple[Any, ...] | None:
    """The first row, in the caller's transaction if there is one, else in the statement's own.

    JSON comes as text. Raises what Django raises, such as IntegrityError.
    """
    with _prepared() as cursor:
        return cursor.execute(statement, parameters).fetchone()


def fetch_rows(
    statement: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """All rows, as `fetch_row` fetches one."""
    with _prepared() as cursor:
        return cursor.execute(statement, parameters).fetchall()


@contextlib.contextmanager
def _prepared() -> Iterator["psycopg.Cursor[tuple[Any, ...]]"]:
    """A cursor of Django's connection that binds on the server."""
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor
