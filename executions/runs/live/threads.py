"""The few threads in which streams and sockets ask Django's database layer something.

Decision: bounded and their own. A stream asks when it opens and never while it waits, so a handful
serves thousands; and a burst of openings cannot take the threads that answer requests.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from channels.db import database_sync_to_async

LIVE_THREADS = 4

_threads = ThreadPoolExecutor(LIVE_THREADS, thread_name_prefix="live")


async def in_thread[**P, R](function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What the function returns or raises; its database connection goes back to the pool right after."""
    call: Any = database_sync_to_async(function, thread_sensitive=False, executor=_threads)
    result: R = await call(*args, **kwargs)
    return result
