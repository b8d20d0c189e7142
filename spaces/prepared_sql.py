"""Statements of the hottest paths, which PostgreSQL plans once a connection.

Decision: what every request asks (who calls, and the execution of a tool call) and what every
dispatch and claim writes is SQL by hand. Building those two queries by the ORM took 4 ms a request,
planning them another half: more than everything else together. Bound by the server and used often
they are prepared by themselves; behind a pooler, where that does not work, the settings turn it off.
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


def fetch_rows(
    statement: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """All rows, in the caller's transaction if there is one, else in the statement's own.

    JSON comes as text. Raises what Django raises, such as IntegrityError.
    """
    ours = connections[DEFAULT_DB_ALIAS]  # looked up once, not for every attribute
    ours.ensure_connection()
    ours.validate_no_broken_transaction()
    # A cursor of psycopg's own on Django's connection: it binds on the server.
    with ours.wrap_database_errors, psycopg.Cursor(ours.connection) as cursor:
        return cursor.execute(statement, parameters).fetchall()


def fetch_row(
    statement: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]
) -> tuple[Any, ...] | None:
    """The first row, None where there is none; as `fetch_rows`, for statements that find one."""
    return next(iter(fetch_rows(statement, parameters)), None)
