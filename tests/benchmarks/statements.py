"""Times SQL statements by themselves, without any server of ours in between."""

import time
from collections.abc import Sequence
from typing import Any

import psycopg

WARM_UPS = 10  # after which a statement is prepared


def time_statement_in_turns(
    *, url: str, statement: str, parameters: Sequence[Sequence[Any]], count: int
) -> list[list[float]]:
    """Milliseconds of `count` executions with each of the parameter lists, in turns; rows are read."""
    taken: list[list[float]] = [[] for _ in parameters]
    with psycopg.connect(url, autocommit=True) as connection:
        for turn in range(-WARM_UPS, count):
            for given, samples in zip(parameters, taken, strict=True):
                before = time.perf_counter()
                connection.execute(statement, given).fetchall()
                if turn >= 0:
                    samples.append((time.perf_counter() - before) * 1000)
    return taken
