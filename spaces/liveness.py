"""Whether an idle connection still lives, told without asking the server.

Decision: a pool's own check is one more trip to the server before each use. A server that goes away
closes its connections, and one that has something to say has said it: so an idle connection on which
nothing has come is taken to live, and only one on which something has come is asked. One that
vanished without a word is found by the kernel's keep-alive, and costs the request that meets it.
"""

import select
from typing import Any

from django.db import connection as django_connection
from psycopg import AsyncConnection, Connection, OperationalError
from psycopg_pool import AsyncConnectionPool, ConnectionPool


def check_if_heard(connection: "Connection[Any]") -> None:
    """For `ConnectionPool(check=…)`: raises psycopg.OperationalError for a connection that is over."""
    if has_news(connection.fileno()):
        ConnectionPool.check_connection(connection)


def check_for_django(connection: "Connection[Any]") -> None:
    """The same for Django's pool, which then looks through all its idle connections at once.

    A server that leaves one connection has mostly left them all. The pool would find out one by one and wait
    before each further try, twice as long every time: the first request after a restart waited for seconds.
    """
    try:
        check_if_heard(connection)
    except OperationalError:
        pool: ConnectionPool[Any] | None = getattr(django_connection, "pool", None)
        if pool is not None:
            pool.check()
        raise


async def check_if_heard_async(connection: "AsyncConnection[Any]") -> None:
    """The same for `AsyncConnectionPool`."""
    if has_news(connection.fileno()):
        await AsyncConnectionPool.check_connection(connection)


def has_news(descriptor: int) -> bool:
    """Whether there is something to read on an idle connection, its end included."""
    # Not `select`, which takes no descriptor above 1023.
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))
