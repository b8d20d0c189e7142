"""One per web process and event loop: hears every wake-up and passes it to those who watch.

Decision: what is remembered about a subscriber is one flag and, in the subscriber, one number. So a
slow client cannot fill our memory, and a wake-up that comes twice or not at all does no harm: every
second one batched query finds the watched logs that went on without our hearing of it.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError

from executions.runs.live import registry
from executions.runs.live.connections import ConnectionRegistry
from executions.runs.live.listener import listen, wakeups
from executions.runs.live.reader import CallTopic, FeedLog, Log, LogReader, RunLog
from executions.runs.live.threads import in_thread
from executions.runs.live.topic_watch import Watch

logger = logging.getLogger(__name__)


class Hub:
    """The watches of this process; all methods belong to the event loop that started it."""

    def __init__(self, *, reader: LogReader, payloads: Callable[[], AsyncIterator[str | None]]) -> None:
        self._reader = reader
        self._payloads = payloads
        self._watches: dict[str, Watch] = {}
        self._tasks: list[asyncio.Task[None]] = []  # the event loop itself keeps no task alive
        self.doorkeeper = ConnectionRegistry()
        self._lost_some = asyncio.Event()

    async def start(self) -> None:
        """Open connections and begin to listen; a database that is away is waited for in the background."""
        await self._reader.open()
        listening = listen(self._payloads, on_connected=self._lost_some.set, on_payload=self._hear)
        work = (listening, self._heal_for_ever(), self.doorkeeper.check_for_ever())
        self._tasks = [asyncio.create_task(task) for task in work]

    @contextlib.contextmanager
    def follow(self, target: Log | CallTopic, wake: Callable[[], None]) -> Iterator[Watch]:
        """Watch a topic: `wake` is called, in this loop, whenever there may be news."""
        watch = self._watches.get(target.topic)
        if watch is None:
            watch = self._watches[target.topic] = Watch(target, self._reader)
        watch.wakers.add(wake)
        try:
            yield watch
        finally:
            watch.wakers.discard(wake)
            if not watch.wakers and self._watches.get(target.topic) is watch:
                del self._watches[target.topic]

    def _hear(self, payload: str) -> None:
        for line in payload.splitlines():
            topic, _, number = line.partition(" ")
            watch = self._watches.get(topic)
            if watch is not None and number.isdecimal():
                watch.hear(int(number))

    async def _heal_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.STREAM_HEAL_SECONDS):
                    await self._lost_some.wait()
            self._lost_some.clear()
            try:
                await self._heal()
            except (psycopg.Error, DatabaseError) as error:
                logger.warning("Watched logs could not be read: %s", str(error).strip())
            except Exception:
                # Whatever it was, the next round must come: it is what makes a lost wake-up harmless.
                logger.exception("Watched logs could not be read")

    async def _heal(self) -> None:
        """Ask once for all watched logs which of them went on, and wake those who wait there."""
        runs: dict[uuid.UUID, int] = {}
        feeds: dict[uuid.UUID, int] = {}
        calls: list[CallTopic] = []
        for watch in self._watches.values():
            match watch.target:
                case RunLog(run_id):
                    runs[run_id] = watch.known
                case FeedLog(space_id):
                    feeds[space_id] = watch.known
                case CallTopic() as call:
                    calls.append(call)
        ahead: list[tuple[Log, int]] = []
        ahead += [(RunLog(run_id), seq) for run_id, seq in await self._reader.runs_ahead(runs)]
        ahead += [(FeedLog(space_id), n) for space_id, n in await self._reader.feeds_ahead(feeds)]
        for log, number in ahead:
            found = self._watches.get(log.topic)
            if found is not None:
                found.hear(number)
        if calls:
            await self._heal_calls(calls)
        for watch in self._watches.values():
            watch.tidy()

    async def _heal_calls(self, calls: list[CallTopic]) -> None:
        counts = await in_thread(
            registry.calls().counts, [(call.space_id, call.tool_call_id) for call in calls]
        )
        for call in calls:
            watch = self._watches.get(call.topic)
            count = counts.get((call.space_id, call.tool_call_id), 0)
            if watch is not None and watch.known != count:
                watch.known = count
                watch.flag_all()


_hubs: dict[asyncio.AbstractEventLoop, asyncio.Task[Hub]] = {}


async def running_hub() -> Hub:
    """This event loop's hub, started at first use: not every server tells an application when it begins."""
    loop = asyncio.get_running_loop()
    task = _hubs.get(loop)
    if task is None or (task.done() and (task.cancelled() or task.exception())):
        for closed in [known for known in _hubs if known.is_closed()]:
            del _hubs[closed]
        task = _hubs[loop] = loop.create_task(_start_hub())
    return await asyncio.shield(task)


async def _start_hub() -> Hub:
    hub = Hub(reader=LogReader(settings.LISTEN_URL), payloads=wakeups)
    await hub.start()
    return hub
