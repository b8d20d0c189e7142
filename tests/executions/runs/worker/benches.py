"""What a worker process lends to attempts, for those that are made in a test's own process."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asgiref.current_thread_executor import CurrentThreadExecutor
from django.db import connections

from executions.runs.group_writer import GroupWriter
from executions.runs.worker.context import Bench
from executions.runs.worker.heartbeat import LeaseKeeper
from executions.runs.worker.steps import Steps
from spaces.ids import new_id


@contextmanager
def lent_bench(folder: Path) -> Iterator[Bench]:
    """A bench of whose steps nobody has need before `run_here`."""
    keeper, texts = LeaseKeeper(), GroupWriter()
    keeper.start()
    texts.start()
    with ThreadPoolExecutor(1) as threads:
        yield Bench(new_id(), folder, keeper, Steps(threads), texts)
        threads.submit(connections.close_all)
    texts.stop()
    keeper.stop()


def run_here[Answer](work: Callable[[Steps], Coroutine[Any, Any, Answer]]) -> Answer:
    """What a coroutine gives in an event loop of its own; its steps are taken in this thread.

    So they use this thread's connection, which a test may count on, cut, or let die.
    """
    here = CurrentThreadExecutor(None)
    with ThreadPoolExecutor(1) as elsewhere:
        going_on = elsewhere.submit(lambda: asyncio.run(work(Steps(here))))
        here.run_until_future(going_on)
        return going_on.result()
