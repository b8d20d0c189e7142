"""The few threads in which what waits in a worker's event loop speaks to the database."""

import asyncio
import functools
import logging
from collections.abc import Callable
from concurrent.futures import Executor

from django.db import InterfaceError, OperationalError, connection

from executions.runs.db_retry import ATTEMPTS, PAUSE_SECONDS
from executions.runs.worker.connections import close_if_left

logger = logging.getLogger(__name__)


def _go_on() -> None:
    """Nothing speaks against another try."""


class Steps:
    """Runs plain functions for coroutines, each a transaction of its own that may be repeated.

    Where the connection breaks or a lock is refused it is tried again, as `retry_database` does; no thread is
    held meanwhile. A coroutine that waits for other things holds neither a thread nor a connection.
    """

    def __init__(self, threads: Executor) -> None:
        self._threads = threads

    async def run[**P, Answer](self, do: Callable[P, Answer], *args: P.args, **named: P.kwargs) -> Answer:
        """What `do` returns. Raises the last OperationalError or InterfaceError after 10 s."""
        return await self.run_while(_go_on, do, *args, **named)

    async def run_while[**P, Answer](
        self, check: Callable[[], None], do: Callable[P, Answer], *args: P.args, **named: P.kwargs
    ) -> Answer:
        """The same; `check` is called before each try and raises where nobody needs the answer any more."""
        loop, step = asyncio.get_running_loop(), functools.partial(_on_sound_connection, do, *args, **named)
        for attempt in range(1, ATTEMPTS + 1):
            check()
            try:
                return await loop.run_in_executor(self._threads, step)
            except (OperationalError, InterfaceError) as error:
                logger.warning("The database did not answer; trying again: %s", error)
                if attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError("the last try answers or raises")


def _on_sound_connection[**P, Answer](do: Callable[P, Answer], *args: P.args, **named: P.kwargs) -> Answer:
    close_if_left()
    try:
        return do(*args, **named)
    except (OperationalError, InterfaceError):
        connection.close_if_unusable_or_obsolete()
        raise
