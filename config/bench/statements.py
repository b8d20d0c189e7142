"""Times one SQL statement by itself, without any server of ours in between."""

import time
from collections.abc import Sequence
from typing import Any

import psycopg


def time_statement(*, url: str, statement: str, parameters: Sequence[Any], count: int) -> list[float]:
    """Milliseconds of each of `count` executions, prepared, rows read; the first ten are not counted."""
    taken = []
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(count + 10):
            before = time.perf_counter()
            connection.execute(statement, parameters).fetchall()
            taken.append((time.perf_counter() - before) * 1000)
    return taken[10:]
