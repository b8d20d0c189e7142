"""A worker process: its slots, its event loop, and how it ends."""

import asyncio
import logging
import os
import signal
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError, connection
from django.utils.module_loading import import_string
from procrastinate import App

from executions.inference.kept_clients import keeping_clients
from executions.runs.group_writer import GroupWriter
from executions.runs.lease import HEARTBEAT_SECONDS
from executions.runs.live.listener import listen, wakeups
from executions.runs.queue import AGENTS, AT_FRONT, QUEUE, enqueue_run
from executions.runs.registry import kind_of, registrations
from executions.runs.wakeups import open_sender
from executions.runs.worker.agents import Agents
from executions.runs.worker.connections import close_if_over, keep_connections_open
from executions.runs.worker.context import Bench, RunFolder, remove_leftovers
from executions.runs.worker.heartbeat import LeaseKeeper
from executions.runs.worker.node import SEEN_SECONDS, Room, note_node_seen, remove_node
from executions.runs.worker.slots import Slots
from executions.runs.worker.steps import Steps
from executions.runs.worker.sweeper import sweep_forever
from executions.runs.worker.tasks import build_app
from executions.runs.worker.threads import STEP_THREADS, make_room_beside, warm_threads
from executions.runs.worker.tracing import start_tracing
from executions.sandbox import probe
from spaces.ids import new_id

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # how late a job with a time may be taken; others arrive by NOTIFY
RECONNECT_SECONDS = 2.0
SPARE_EACH = 10  # places of agents of which there is one spare, for tenants that find all taken
HAND_BACK_SECONDS = 15.0  # for killing sandboxes and writing; afterwards the leases say the rest


class WorkerProcess:
    """Runs until SIGTERM or SIGINT, on the main thread.

    After the first signal it takes nothing new and lets runs finish for `grace` seconds; after that, or at
    the second signal, it kills their sandboxes and hands them back to the queue.
    """

    def __init__(self, *, concurrency: int, agents: int, grace: float, ready: Callable[[str], None]) -> None:
        self._id = new_id()
        self._room = Room(concurrency=concurrency, agents=agents)
        self._grace = grace
        self._ready = ready
        self._keeper = LeaseKeeper()
        self._texts = GroupWriter()
        self._closing = threading.Event()
        self._stopping = False
        self._serving: asyncio.Task[None] | None = None
        # What runs an attempt, by kind of run; imported here, since it may bring heavy libraries along.
        self._attempts = {kind.name: import_string(kind.attempt) for kind in registrations()}
        self._slots = {
            kind.name: Slots(kind.name, owner=self._id, count=agents, spare=max(agents // SPARE_EACH, 1))
            if kind.is_agent
            else Slots(kind.name, owner=self._id, count=concurrency)
            for kind in registrations()
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
        note_node_seen(self._id, self._room)
        connection.close()  # this thread has the event loop from now on, which speaks to no database
        open_sender()
        self._keeper.start()
        self._texts.start()
        sweeper = threading.Thread(target=sweep_forever, args=[self._closing], name="sweeper", daemon=True)
        sweeper.start()
        try:
            with (
                warm_threads(self._room.concurrency, "slot") as threads,
                warm_threads(STEP_THREADS, "step") as steps,
            ):
                bench = Bench(self._id, folder.path, self._keeper, Steps(steps), self._texts)
                asyncio.run(keeping_clients(self._serve(bench, threads)))
        finally:
            self._closing.set()
            self._texts.stop()
            self._keeper.stop()
            sweeper.join(5)
            folder.remove()
            remove_node(node_id=self._id)

    async def _serve(self, bench: Bench, threads: Executor) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        make_room_beside(loop, self._room.agents)
        agents = {
            kind.name: Agents(self._slots[kind.name], self._attempts[kind.name], bench)
            for kind in registrations()
            if kind.is_agent
        }
        beside = [
            asyncio.create_task(self._note_seen(bench.steps)),
            asyncio.create_task(
                listen(wakeups, on_connected=self._keeper.look_now, on_payload=self._keeper.hear)
            ),
        ]
        self._ready(
            f"Worker {self._id} is ready: {self._room.concurrency} slots, {self._room.agents} agents, "
            f"sandbox {probe().engine}."
        )
        app = build_app(partial(self._advance, bench=bench, threads=threads, agents=agents), bench.steps)
        while not self._stopping:
            self._serving = asyncio.create_task(self._take_jobs(app))
            try:
                await self._serving
            except asyncio.CancelledError:
                break
            except Exception:
                logger.exception("Jobs cannot be taken; trying again")
                await asyncio.sleep(RECONNECT_SECONDS)
        for each in agents.values():
            await each.rest()
        for task in beside:
            task.cancel()

    async def _take_jobs(self, app: App) -> None:
        async with app.open_async():
            await asyncio.gather(
                self._take(app, QUEUE, self._room.concurrency),
                # Agents go on without the job of their ticket: whoever takes the next ones waits for none.
                self._take(app, AGENTS, self._room.agents, shutdown_graceful_timeout=0.1),
                # Both are waited for, also where they are cancelled: else jobs would end without their app.
                return_exceptions=True,
            )

    async def _take(self, app: App, queue: str, count: int, **options: Any) -> None:
        while True:
            try:
                await app.run_worker_async(
                    queues=[queue],
                    concurrency=count,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    fetch_job_polling_interval=POLL_SECONDS,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    **options,
                )
            except Exception:
                logger.exception("Jobs of %s cannot be taken; trying again", queue)
            await asyncio.sleep(RECONNECT_SECONDS)

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

    async def _advance(
        self,
        run_id: uuid.UUID,
        kind: str | None,
        *,
        bench: Bench,
        threads: Executor,
        agents: Mapping[str, Agents],
    ) -> None:
        """What is done with a ticket."""
        if self._stopping:
            await bench.steps.run(enqueue_run, run_id, kind, priority=AT_FRONT)
            return
        kind = kind or await bench.steps.run(kind_of, run_id)
        if kind is None or kind not in self._slots:
            return
        if kind in agents:
            await agents[kind].advance(run_id)
        else:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(threads, self._fill_slot, bench, kind, run_id)

    def _fill_slot(self, bench: Bench, kind: str, run_id: uuid.UUID) -> None:
        close_if_over()
        claim = self._slots[kind].claim(run_id)
        if claim is None:
            return
        try:
            self._attempts[kind](claim.lease, claim.taken_at, bench)
        finally:
            self._slots[kind].release(claim)

    async def _note_seen(self, steps: Steps) -> None:
        while True:
            await asyncio.sleep(SEEN_SECONDS)
            busy = {kind.is_agent: self._slots[kind.name].busy for kind in registrations()}
            room = replace(self._room, busy_slots=busy.get(False, 0), busy_agents=busy.get(True, 0))
            try:
                await steps.run(note_node_seen, self._id, room)
            except DatabaseError as error:
                logger.warning("The worker's row could not be written: %s", error)


def _give_up() -> None:
    logger.error("Some runs did not stop: their leases run out, and they are healed elsewhere")
    logging.shutdown()
    os._exit(1)
