"""Scratch databases on the server at hand, made and dropped by the benchmark."""

import contextlib
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from config.bench.failures import NotMeasured

SCRATCH = "callboard_bench"  # every database of ours is named this, or this and a suffix
_LOCK = 0x63626265  # one benchmark at a time on a server's database ("cbbe")


class BenchRefused(NotMeasured):
    """The benchmark cannot run here; the message says why."""


@contextlib.contextmanager
def scratch_databases(server_url: str, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Fresh, empty databases, as URLs by name; dropped at the end, and left-overs before the start.

    Touches no other database: `server_url` is only connected to. Raises BenchRefused while another benchmark
    runs on it, and for a URL or a name that would put somebody's own database in danger.
    """
    _refuse_dangerous(server_url, names)
    with psycopg.connect(server_url, autocommit=True, connect_timeout=10) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if row is None or not row[0]:
            raise BenchRefused("another benchmark is running on this database server")
        try:
            for name in names:
                _drop(connection, name)
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            yield {name: url_of(server_url, name) for name in names}
        finally:
            for name in names:
                _drop(connection, name)


def url_of(server_url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def _refuse_dangerous(server_url: str, names: Sequence[str]) -> None:
    if not all(name.startswith(SCRATCH) for name in names):
        raise BenchRefused(f"a scratch database is named {SCRATCH} and a suffix")
    own = unquote(urlsplit(server_url).path.lstrip("/"))
    if own.startswith(SCRATCH):
        raise BenchRefused(f"DATABASE_URL names {own}, which the benchmark would drop: name another database")


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
