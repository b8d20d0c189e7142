"""How a worker process connects to PostgreSQL."""

from typing import Any

from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from spaces.liveness import check_if_heard_async, has_news


def keep_connections_open() -> None:
    """Give each thread a connection of its own that stays open, instead of one from a pool.

    A worker has few threads and they live long; a connection that is there already is what makes a run start
    fast. A server that is gone is noticed within seconds, so that leases are given up in time.
    To be called before the process's first query.
    """
    connections.close_all()
    for alias in connections:
        wrapper = connections[alias]
        if not isinstance(wrapper, DatabaseWrapper):
            continue
        # What it has opened for checks would stay open beside the others for as long as the process lives.
        wrapper.close_pool()
        options = connections.settings[alias]["OPTIONS"]
        options.pop("pool", None)
        limits = {"connect_timeout": 5, "tcp_user_timeout": 5000, "keepalives_idle": 5}
        for name, value in limits.items():
            options.setdefault(name, value)
        connections.settings[alias]["CONN_MAX_AGE"] = None
        connections.settings[alias]["CONN_HEALTH_CHECKS"] = True
        del connections[alias]


def close_if_over() -> None:
    """Close this thread's connection where the server has left it; the next query opens another."""
    connection.close_if_unusable_or_obsolete()
    close_if_left()


def close_if_left() -> None:
    """The same without a word to the server, for what is done many times a second."""
    if connection.connection is not None and has_news(connection.connection.fileno()):
        connection.close()


def make_job_pool(**options: Any) -> "AsyncConnectionPool[AsyncConnection[Any]]":
    """The pool through which jobs are taken, with procrastinate's options for it."""
    return AsyncConnectionPool(**{**options, "check": check_if_heard_async})


async def settle_job_connection(connection: "AsyncConnection[Any]") -> None:
    """Each statement about a job is one trip and does not wait for the disk; called once a connection.

    A job is a hint: one that a crash of the server brings back is taken again, which changes nothing.
    """
    await connection.set_autocommit(True)
    await connection.execute("SET synchronous_commit TO off")
