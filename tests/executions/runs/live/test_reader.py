"""The reader of logs while its database is away."""

import asyncio
import time
from contextlib import suppress

import psycopg
import pytest
from django.db import connection

from executions.runs.live.reader import LogReader

pytestmark = pytest.mark.django_db

AWAY_SECONDS = 8.0  # pauses that double for as long as it takes would end at the fifteenth
SOON_SECONDS = 4.0


async def test_reads_again_soon_after_a_long_outage(unused_tcp_port: int) -> None:
    of = connection.settings_dict
    at = f"127.0.0.1:{unused_tcp_port}"
    reader = LogReader(f"postgresql://{of['USER']}:{of['PASSWORD']}@{at}/{of['NAME']}")
    await reader.open()
    begun = time.monotonic()
    looking = asyncio.create_task(_read_until_it_answers(reader))
    await asyncio.sleep(AWAY_SECONDS)
    assert not looking.done()

    async with await asyncio.start_server(_forward, "127.0.0.1", unused_tcp_port):
        try:
            await asyncio.wait_for(looking, SOON_SECONDS)
        finally:
            await reader._pool.close()

    assert time.monotonic() - begun < AWAY_SECONDS + SOON_SECONDS + 1


async def _read_until_it_answers(reader: LogReader) -> None:
    while True:
        with suppress(psycopg.Error):
            await reader.rows("SELECT 1", [])
            return


async def _forward(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
    """One connection, to the real database."""
    of = connection.settings_dict
    answers, asked = await asyncio.open_unix_connection(f"{of['HOST']}/.s.PGSQL.{of['PORT']}")
    await asyncio.gather(_pipe(incoming, asked), _pipe(answers, outgoing))
    await asyncio.gather(asked.wait_closed(), outgoing.wait_closed(), return_exceptions=True)


async def _pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
    target.close()
