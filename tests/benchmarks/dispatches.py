"""The client of the dispatch part: posts, and hears when a worker has started."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from tests.benchmarks.barejobs import CHANNEL as BARE_CHANNEL, PATIENCE_SECONDS, bare_app, time_bare
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.listener import Listener

WAKEUPS = "callboard"  # the channel of wake-ups; not imported, since that would take Django along
STARTED = 2  # a run's second event is `execution.started`
WARM_UPS = 5  # not counted
LOOK_SECONDS = 0.01


def time_dispatches(
    *, port: int, path: str, headers: Mapping[str, str], url: str, bare_url: str, count: int
) -> dict[str, list[float]]:
    """Milliseconds, in turns: `started` from before the POST to the worker's start, `answered` to the answer,
    `bare` from before a job is deferred to its start.

    Clock: this process's own, for both ends. A start counts when this process hears of it by NOTIFY, which
    is sent after the commit that makes it true; so the figures hold one notification's way too. The next
    turn waits until the run has ended: it is latency that is measured, not a queue.
    """
    taken: dict[str, list[float]] = {"started": [], "answered": [], "bare": []}
    app = bare_app(bare_url)
    with (
        HttpClient(port) as client,
        Listener(url, [WAKEUPS]) as wakeups,
        Listener(bare_url, [BARE_CHANNEL]) as bare,
        psycopg.connect(url, autocommit=True) as looking,
        app.open(),
    ):
        for number in range(count + WARM_UPS):
            body = json.dumps({"inputs": {"text": f"turn {number}"}}).encode()
            request = request_bytes(path, headers, method="POST", body=body)
            wakeups.forget()
            begun = time.monotonic_ns()
            execution = json.loads(client.ask(request, status=201))["data"]["id"]
            answered = time.monotonic_ns()
            started = wakeups.wait_for(_is_start_of(execution), PATIENCE_SECONDS)
            _wait_until_ended(looking, execution)
            bare_started = time_bare(app, bare, number)
            if number >= WARM_UPS:
                taken["started"].append((started - begun) / 1e6)
                taken["answered"].append((answered - begun) / 1e6)
                taken["bare"].append(bare_started)
    return taken


def _is_start_of(execution: str) -> Callable[[str, str], bool]:
    topic = f"r:{execution.replace('-', '')}"

    def is_start(_channel: str, payload: str) -> bool:
        lines = [line.partition(" ") for line in payload.splitlines()]
        return any(name == topic and int(number) >= STARTED for name, _, number in lines)

    return is_start


def _wait_until_ended(looking: "psycopg.Connection[Any]", execution: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        row = looking.execute(
            "SELECT state FROM executions_runhead WHERE run_id = %s", [execution]
        ).fetchone()
        if row is not None and row[0] == "ended":
            return
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"execution {execution} did not end")
