"""Scratch databases on the server at hand, made and dropped by the benchmark."""

import contextlib
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from tests.benchmarks.failures import NotMeasured

SCRATCH = "callboard_bench"  # every database of ours is named this, or this and a suffix
FEW = f"{SCRATCH}_few"


class BenchRefused(NotMeasured):
    """The benchmark cannot run here; the message says why."""


@contextlib.contextmanager
def scratch_databases(server_url: str, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Fresh, empty databases, as URLs by name; dropped at the end, and left-overs before the start.

    Touches no other database: `server_url` is only connected to. Raises BenchRefused while another benchmark
    uses one of them, and for a URL or a name that would put somebody's own database in danger.
    """
    _refuse_dangerous(server_url, names)
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(server_url, autocommit=True, connect_timeout=10))
        for name in {SCRATCH, FEW} - set(names):
            with contextlib.suppress(psycopg.errors.ObjectInUse):
                _drop(connection, name, even_if_used=False)
        for name in names:
            _create(connection, name)
            stack.callback(_drop, connection, name, even_if_used=True)
            # Held open to the end: what is in use is not taken for a left-over by another benchmark.
            stack.enter_context(psycopg.connect(url_of(server_url, name), autocommit=True))
        yield {name: url_of(server_url, name) for name in names}


def url_of(server_url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def _refuse_dangerous(server_url: str, names: Sequence[str]) -> None:
    if not all(name.startswith(SCRATCH) for name in names):
        raise BenchRefused(f"a scratch database is named {SCRATCH} and a suffix")
    own = unquote(urlsplit(server_url).path.lstrip("/"))
    if own.startswith(SCRATCH):
        raise BenchRefused(f"DATABASE_URL names {own}, which the benchmark would drop: name another database")


def _create(connection: psycopg.Connection, name: str) -> None:
    try:
        _drop(connection, name, even_if_used=False)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except (psycopg.errors.ObjectInUse, psycopg.errors.DuplicateDatabase) as error:
        raise BenchRefused(f"the database {name} is in use: another benchmark runs on this server") from error


def _drop(connection: psycopg.Connection, name: str, *, even_if_used: bool) -> None:
    force = sql.SQL(" WITH (FORCE)") if even_if_used else sql.SQL("")
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)) + force)
