"""The threads of a worker process, each with its connection before it is needed."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from anyio.to_thread import current_default_thread_limiter
from django.db import connection

STEP_THREADS = 5  # that speak to the database for all that waits in the event loop
SIDE_THREADS = 16  # that look names up, fill templates and load libraries; they know no database


@contextmanager
def warm_threads(count: int, name: str) -> Iterator[Executor]:
    """Threads whose connections are open; for a run it may be too late to open them."""
    all_there = threading.Barrier(count)

    def connect() -> None:
        connection.ensure_connection()
        all_there.wait(30)

    def disconnect() -> None:
        connection.close()
        all_there.wait(30)

    with ThreadPoolExecutor(count, thread_name_prefix=name) as threads:
        for started in [threads.submit(connect) for _ in range(count)]:
            started.result(60)
        try:
            yield threads
        finally:
            for _ in range(count):
                threads.submit(disconnect)


def make_room_beside(loop: asyncio.AbstractEventLoop, agents: int) -> None:
    """Threads for what blocks beside the loop; some model libraries block one as long as a model thinks."""
    loop.set_default_executor(ThreadPoolExecutor(SIDE_THREADS, thread_name_prefix="side"))
    limiter = current_default_thread_limiter()
    limiter.total_tokens = max(limiter.total_tokens, agents)
