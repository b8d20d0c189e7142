"""The jobs that a worker process does: tickets for claims, and continuations."""

import asyncio
import functools
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import Executor

from django.conf import settings
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app as deferring_app

from executions.runs.queue import ADVANCE, QUEUE
from executions.runs.worker.connections import make_job_pool, settle_job_connection

logger = logging.getLogger(__name__)


def build_app(advance: Callable[[uuid.UUID, str | None], None], slots: Executor) -> App:
    """The procrastinate app of a worker; a ticket is done by `advance` in one of the `slots`' threads.

    It is another app than the one that defers: that one must go on writing through Django's connection, in
    the transaction of the row that a job is for. LISTEN needs a direct connection.
    """
    connector = PsycopgConnector(
        pool_factory=make_job_pool,
        conninfo=settings.LISTEN_URL,
        configure=settle_job_connection,
        min_size=1,
        max_size=4,
    )
    app = App(connector=connector)
    app.tasks.update(deferring_app.tasks)

    async def take_ticket(run_id: str, kind: str | None = None) -> None:
        """Claim one run and run it; never raises, since a ticket is never repeated.

        Tickets from before an upgrade do not say their run's kind.
        """
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(slots, functools.partial(advance, uuid.UUID(run_id), kind))
        except Exception:
            logger.exception("The ticket of %s came to nothing", run_id)

    app.task(name=ADVANCE, queue=QUEUE)(take_ticket)
    return app
