"""A worker process: its slots, its threads, and how it ends."""

import asyncio
import logging
import os
import signal
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import Error as DatabaseError, connection
from django.utils.module_loading import import_string
from procrastinate.contrib.django.db_cleanup import close_db_connections

from executions.runs.lease import HEARTBEAT_SECONDS, Lease
from executions.runs.queue import AT_FRONT, enqueue_run
from executions.runs.registry import registrations
from executions.runs.wakeups import open_sender
from executions.runs.worker.connections import close_if_over, keep_connections_open
from executions.runs.worker.context import Bench, RunFolder, remove_leftovers
from executions.runs.worker.heartbeat import LeaseKeeper
from executions.runs.worker.node import SEEN_SECONDS, note_node_seen, remove_node
from executions.runs.worker.slots import Slots
from executions.runs.worker.sweeper import sweep_forever
from executions.runs.worker.tasks import build_app
from executions.runs.worker.tracing import start_tracing
from executions.sandbox import probe
from spaces.ids import new_id

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # how late a job with a time may be taken; others arrive by NOTIFY
RECONNECT_SECONDS = 2.0
HAND_BACK_SECONDS = 15.0  # for killing sandboxes and writing; afterwards the leases say the rest


class WorkerProcess:
    """Runs until SIGTERM or SIGINT, on the main thread.

    After the first signal it takes nothing new and lets runs finish for `grace` seconds; after that, or at
    the second signal, it kills their sandboxes and hands them back to the queue.
    """

    def __init__(self, *, concurrency: int, grace: float, ready: Callable[[str], None]) -> None:
        self._id = new_id()
        self._concurrency = concurrency
        self._grace = grace
        self._ready = ready
        self._slots = Slots(owner=self._id, count=concurrency)
        self._keeper = LeaseKeeper()
        self._closing = threading.Event()
        self._stopping = False
        self._serving: asyncio.Task[None] | None = None
        self._bench: Bench | None = None
        # What runs an attempt, by kind of run; imported here, since it may bring heavy libraries along.
        self._attempts: dict[str, Callable[[Lease, float, Bench], None]] = {
            kind.name: import_string(kind.attempt) for kind in registrations()
        }

    def run(self) -> None:
        """Serve until told to stop; every run is finished or handed back then."""
        keep_connections_open()
        start_tracing()
        for left in remove_leftovers(settings.RUN_DIR):
            logger.info("Removed %s of a worker that is gone", left.name)
        if not probe().available:
            logger.error("Every run will fail: %s", probe().reason)
        folder = RunFolder(settings.RUN_DIR, self._id)
        self._bench = Bench(self._id, folder.path, self._keeper)
        note_node_seen(node_id=self._id, concurrency=self._concurrency)
        open_sender()
        self._keeper.start()
        threads = [
            threading.Thread(target=sweep_forever, args=[self._closing], name="sweeper", daemon=True),
            threading.Thread(target=self._note_seen, name="node", daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            with ThreadPoolExecutor(self._concurrency, thread_name_prefix="slot") as slots:
                self._warm(slots)
                asyncio.run(self._serve(slots))
                for _ in range(self._concurrency):
                    slots.submit(connection.close)
        finally:
            self._closing.set()
            self._keeper.stop()
            for thread in threads:
                thread.join(5)
            folder.remove()
            remove_node(node_id=self._id)

    def _warm(self, slots: ThreadPoolExecutor) -> None:
        """Open each slot's connection before the first run needs it."""
        all_started = threading.Barrier(self._concurrency)

        def connect() -> None:
            connection.ensure_connection()
            all_started.wait(30)

        for started in [slots.submit(connect) for _ in range(self._concurrency)]:
            started.result(60)

    async def _serve(self, slots: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        self._ready(f"Worker {self._id} is ready: {self._concurrency} slots, sandbox {probe().engine}.")
        while not self._stopping:
            self._serving = asyncio.create_task(self._take_jobs(slots))
            try:
                await self._serving
            except asyncio.CancelledError:
                return
            except Exception:
                logger.exception("Jobs cannot be taken; trying again")
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _take_jobs(self, slots: ThreadPoolExecutor) -> None:
        app = build_app(self._advance, slots)
        async with app.open_async():
            await app.run_worker_async(
                concurrency=self._concurrency,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                fetch_job_polling_interval=POLL_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
                task_middleware=[close_db_connections],
            )

    def _on_signal(self) -> None:
        """In the event loop: the first time ends the taking of jobs, the second time also the waiting."""
        loop = asyncio.get_running_loop()
        if self._stopping:
            self._hand_back(loop)
            return
        self._stopping = True
        logger.info("Stopping: runs may finish for %g s", self._grace)
        if self._serving is not None:
            self._serving.cancel()
        loop.call_later(self._grace, self._hand_back, loop)

    def _hand_back(self, loop: asyncio.AbstractEventLoop) -> None:
        self._keeper.stop_all("shutdown")
        loop.call_later(HAND_BACK_SECONDS, _give_up)

    def _advance(self, run_id: uuid.UUID, kind: str | None) -> None:
        """What a slot does with a ticket."""
        close_if_over()
        if self._stopping:
            enqueue_run(run_id, kind, priority=AT_FRONT)
            return
        claim = self._slots.claim(run_id, kind)
        if claim is None or self._bench is None:
            return
        try:
            self._attempts[claim.lease.kind](claim.lease, claim.taken_at, self._bench)
        finally:
            self._slots.release(claim)

    def _note_seen(self) -> None:
        while not self._closing.wait(SEEN_SECONDS):
            try:
                note_node_seen(node_id=self._id, concurrency=self._concurrency)
            except DatabaseError as error:
                logger.warning("The worker's row could not be written: %s", error)
                connection.close()
        connection.close()


def _give_up() -> None:
    logger.error("Some runs did not stop: their leases run out, and they are healed elsewhere")
    logging.shutdown()
    os._exit(1)
