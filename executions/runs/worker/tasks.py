"""The jobs that a worker process does: tickets for claims, and continuations."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

from django.conf import settings
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app as deferring_app

from executions.runs.queue import ADVANCE, QUEUE
from executions.runs.worker.connections import make_job_pool, settle_job_connection
from executions.runs.worker.steps import Steps

logger = logging.getLogger(__name__)


type Advance = Callable[[uuid.UUID, str | None], Awaitable[None]]


def build_app(advance: Advance, steps: Steps) -> App:
    """The procrastinate app of a worker; a ticket is done by `advance`, a continuation by one of the `steps`.

    It is another app than the one that defers: that one must go on writing through Django's connection, in
    the transaction of the row that a job is for. LISTEN needs a direct connection.
    """
    connector = PsycopgConnector(
        pool_factory=make_job_pool,
        conninfo=settings.LISTEN_URL,
        configure=settle_job_connection,
        min_size=1,
        max_size=3,
    )
    app = App(connector=connector)
    for task in deferring_app.tasks.values():
        if task.name not in app.tasks:
            app.task(name=task.name, queue=task.queue, retry=task.retry_strategy or False)(
                _in_step(task.func, steps)
            )

    async def take_ticket(run_id: str, kind: str | None = None) -> None:
        """Claim one run and run it; never raises, since a ticket is never repeated.

        Tickets from before an upgrade do not say their run's kind.
        """
        try:
            await advance(uuid.UUID(run_id), kind)
        except asyncio.CancelledError:
            return  # jobs are not taken for a moment; the attempt goes on
        except Exception:
            logger.exception("The ticket of %s came to nothing", run_id)

    app.task(name=ADVANCE, queue=QUEUE)(take_ticket)
    return app


def _in_step(do: Callable[..., None], steps: Steps) -> Callable[..., Awaitable[None]]:
    async def continued(**arguments: str) -> None:
        await steps.run(do, **arguments)

    return continued
