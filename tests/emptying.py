"""Emptying tables that others read meanwhile."""

import time
from collections.abc import Callable

from django.core.management import CommandError
from django.db import OperationalError
from psycopg.errors import DeadlockDetected

ATTEMPTS = 5
PAUSE = 0.2  # seconds; a sweep of a few rows is over by then


def despite_deadlocks(empty: Callable[[], None]) -> None:
    """Empties again where PostgreSQL chose this side of a deadlock to give way.

    The web processes that serve the whole run sweep and listen while tables are emptied: TRUNCATE takes its
    locks table by table, in an order of its own.
    its locks table by table, in an order of its own.
    """
    for attempt in range(ATTEMPTS):
        try:
            return empty()
        except (CommandError, OperationalError) as error:
            if not _is_deadlock(error) or attempt == ATTEMPTS - 1:
                raise
        time.sleep(PAUSE)
    return None


def _is_deadlock(error: BaseException | None) -> bool:
    """`flush` wraps Django's error, which wraps the driver's."""
    while error is not None:
        if isinstance(error, DeadlockDetected):
            return True
        error = error.__cause__
    return False
