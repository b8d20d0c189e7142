"""Whether an idle connection lives is told without a trip to the server."""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg_pool import ConnectionPool

from executions.runs.worker.connections import close_if_over
from spaces.liveness import check_if_heard, check_if_heard_async, has_news

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 60.0


@pytest.fixture
def pool() -> Iterator["ConnectionPool[psycopg.Connection]"]:
    options = {"autocommit": True, "dbname": connection.settings_dict["NAME"]}
    made = ConnectionPool(
        settings.DATABASE_URL, kwargs=options, min_size=1, max_size=1, check=check_if_heard, open=False
    )
    with made:
        yield made


def test_a_connection_that_lives_is_not_asked(pool: "ConnectionPool[psycopg.Connection]"):
    with pool.connection() as taken:
        pid = taken.info.backend_pid
        taken.execute("SELECT 'the last thing asked'")

    with pool.connection() as again, connection.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid])
        asked = cursor.fetchone()[0]
        assert again.info.backend_pid == pid

    assert asked == "SELECT 'the last thing asked'"


def test_a_pool_replaces_a_connection_that_the_server_has_left(pool: "ConnectionPool[psycopg.Connection]"):
    with pool.connection() as taken:
        pid, descriptor = taken.info.backend_pid, taken.fileno()
    _terminate(pid)
    _wait_for(lambda: has_news(descriptor))

    with pool.connection() as another:
        assert another.info.backend_pid != pid
        assert another.execute("SELECT 1").fetchone() == (1,)


async def test_the_asynchronous_check_refuses_a_connection_that_is_over():
    options = {"autocommit": True, "dbname": connection.settings_dict["NAME"]}
    async with await psycopg.AsyncConnection.connect(settings.DATABASE_URL, **options) as lives:
        await check_if_heard_async(lives)
        over = await psycopg.AsyncConnection.connect(settings.DATABASE_URL, **options)
        await lives.execute("SELECT pg_terminate_backend(%s, 60000)", [over.info.backend_pid])

        with pytest.raises(psycopg.OperationalError):
            await check_if_heard_async(over)

        await over.close()


def test_a_worker_thread_leaves_a_connection_that_is_over():
    connection.ensure_connection()
    connection.close_at = None  # a worker's connections stay open
    close_if_over()
    assert connection.connection is not None
    pid = connection.connection.info.backend_pid
    _terminate(pid)
    _wait_for(lambda: has_news(connection.connection.fileno()))

    close_if_over()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != pid


def _terminate(pid: int) -> None:
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
