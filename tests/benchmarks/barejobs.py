"""The physical limit of dispatch: a bare procrastinate job that says that it has started."""

import asyncio
import time

import httpx2
import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from tests.benchmarks.child_process import say_ready
from tests.benchmarks.listener import Listener

TASK, QUEUE, CHANNEL = "bench.start", "bench", "bench_started"
PATIENCE_SECONDS = 30.0
SETTLE_SECONDS = 1.0  # until the worker listens


def bare_app(url: str) -> App:
    """An app that defers only, on one connection that stays open."""
    return App(connector=SyncPsycopgConnector(conninfo=url, min_size=1, max_size=1))


def defer_bare(app: App, number: int) -> None:
    """Put one job into the queue."""
    app.configure_task(TASK, queue=QUEUE).defer(number=number)


def time_bare(app: App, listener: Listener, number: int) -> float:
    """Milliseconds from before a job is put into the queue to its start; raises TimeoutError."""
    begun = time.monotonic_ns()
    defer_bare(app, number)
    started = listener.wait_for(lambda _channel, payload: payload == str(number), PATIENCE_SECONDS)
    return (started - begun) / 1e6


def work(*, url: str, provider: int | None = None) -> None:
    """Do bare jobs until killed; with a provider's port, each is one request to it, by one client for all."""
    asyncio.run(_work(url, provider))


async def _work(url: str, provider: int | None) -> None:
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=4))
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as voice,
        httpx2.AsyncClient() as client,
        app.open_async(),
    ):

        async def start(number: int) -> None:
            if provider is not None:
                await client.post(f"http://127.0.0.1:{provider}/", json={"messages": []})
            await voice.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(number)])

        app.task(name=TASK, queue=QUEUE)(start)
        worker = asyncio.create_task(
            app.run_worker_async(queues=[QUEUE], concurrency=4, install_signal_handlers=False)
        )
        await asyncio.wait([worker], timeout=SETTLE_SECONDS)
        say_ready()
        await worker
