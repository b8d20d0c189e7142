"""Part 4: what an open stream costs a web process: memory, threads, database connections."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg

from tests.benchmarks.child_process import ChildProcess
from tests.benchmarks.context import Context, Dataset
from tests.benchmarks.delivering import check_delivered, commit
from tests.benchmarks.figures import Figure
from tests.benchmarks.live import COMMITS, opening
from tests.benchmarks.seeding import seed_running
from tests.benchmarks.servers import Server, bare_web, web
from tests.benchmarks.subscribers import socket_opening, sse_opening

MOST_KB = {"sse": 40.0, "websocket": 100.0}
WARM_UPS = 50  # opened and closed before, so that code and pools are there
SETTLE_SECONDS = 2.0
HOLD_SECONDS = 600.0  # the longest that the subscribers stay; they end with the part
MOST_EXTRA = 8  # threads or database connections that a process may gain, however many subscribe

_BACKENDS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True)
class Cost:
    """What a process holds: bytes of memory, threads, and its server's database connections."""

    memory: int
    threads: int
    backends: int


@dataclass(frozen=True)
class _Growth:
    """One process before, and while all connections are open."""

    before: Cost
    during: Cost

    def kb_each(self, count: int) -> float:
        """Memory for each of the connections; at least a byte, so that it can be divided by."""
        return max(self.during.memory - self.before.memory, count) / count / 1000


def measure_connections(context: Context) -> list[Figure]:
    """Two thousand of each kind on one fresh web process, and on one bare process."""
    dataset, count = context.dataset, context.effort.connections
    figures: list[Figure] = []
    for door in context.steps.over("connections: streams, then websockets", MOST_KB):
        run_ids = [str(run_id) for run_id in seed_running(dataset.site.database_url, dataset.ids, count=1)]
        with web(dataset.site, processes=1) as real:
            held = _hold(dataset, real, [opening(dataset, door, run_ids[0])] * count, run_ids)
        with bare_web(dataset.site, {}, processes=1) as bare:
            limit = _hold(dataset, bare, _bare_openings(door, count), [])
        figures += _figures(door, count, held, limit)
    return figures


def _figures(door: str, count: int, real: _Growth, bare: _Growth) -> list[Figure]:
    name, before, each = {"sse": "SSE", "websocket": "websockets"}[door], real.before, real.kb_each(count)
    threads = real.during.threads - before.threads
    backends = real.during.backends - before.backends
    bar = f"no more than {MOST_EXTRA}"
    return [
        Figure("connections", f"{count:,} {name} on one process, memory each", each, "kB")
        .beside(bare.kb_each(count), each / bare.kb_each(count))
        .asked(f"under {MOST_KB[door]:g} kB", is_met=each < MOST_KB[door]),
        Figure("connections", f"threads more than the {before.threads} before", threads, "").asked(
            bar, is_met=threads <= MOST_EXTRA
        ),
        Figure("connections", f"database connections more than the {before.backends}", backends, "").asked(
            bar, is_met=backends <= MOST_EXTRA
        ),
    ]


def _hold(
    dataset: Dataset, server: Server, wanted: Sequence[Mapping[str, Any]], run_ids: list[str]
) -> _Growth:
    """What the server holds before and while all connections are open; then an event reaches each of them."""
    with _following(server, wanted[:WARM_UPS], 1):
        pass
    time.sleep(SETTLE_SECONDS)
    before = _cost(dataset, server)
    with _following(server, wanted, len(wanted)) as crowd:
        time.sleep(SETTLE_SECONDS)
        during = _cost(dataset, server)
        if run_ids:
            _prove_alive(dataset, crowd, run_ids, len(wanted))
    return _Growth(before, during)


def _following(server: Server, wanted: Sequence[Mapping[str, Any]], deliveries: int) -> ChildProcess:
    crowd = ChildProcess(
        "tests.benchmarks.subscribers.follow",
        port=server.port,
        openings=list(wanted),
        deliveries=deliveries,
        seconds=HOLD_SECONDS,
    )
    crowd.wait_until_ready(HOLD_SECONDS)
    return crowd


def _prove_alive(dataset: Dataset, crowd: ChildProcess, run_ids: list[str], count: int) -> None:
    """A connection that gets nothing would be cheap, and worth nothing."""
    commit(dataset, COMMITS, run_ids, count=1, per_second=1)
    check_delivered(crowd.result(60), count)


def _cost(dataset: Dataset, server: Server) -> Cost:
    (pid,) = server.pids
    process = psutil.Process(pid)
    with psycopg.connect(dataset.site.database_url) as connection:
        row = connection.execute(_BACKENDS).fetchone()
    return Cost(process.memory_info().rss, process.num_threads(), row[0] if row else 0)


def _bare_openings(door: str, count: int) -> list[Mapping[str, Any]]:
    if door == "sse":
        return [sse_opening("/stream", {})] * count
    return [socket_opening("/", {}, "")] * count
