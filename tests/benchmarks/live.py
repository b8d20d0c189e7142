"""Part 3: from a commit to a hundred subscribers of executions, by either door."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from tests.benchmarks.context import Context, Dataset
from tests.benchmarks.delivering import ROUNDS, SUBSCRIBERS, Case, Seen, figures_of, measure_case
from tests.benchmarks.figures import Figure
from tests.benchmarks.seeding import seed_running
from tests.benchmarks.servers import web
from tests.benchmarks.subscribers import socket_opening, sse_opening

COMMITS = "tests.benchmarks.commits.commit_events"
DOORS = {"sse": "SSE", "websocket": "websocket"}
SPREADS = {1: "all on one run", SUBSCRIBERS: f"spread over {SUBSCRIBERS} runs"}


def measure_live(context: Context) -> list[Figure]:
    """Each door with each spread, in turns; the events of each are also heard by the bare listener."""
    dataset = context.dataset
    cases = [
        Case(
            title=f"{name}, {spread}",
            runs=runs,
            seed=partial(seed_running, dataset.site.database_url, dataset.ids),
            opening=partial(opening, dataset, door),
            commits=COMMITS,
        )
        for door, name in DOORS.items()
        for runs, spread in SPREADS.items()
    ]
    seen = [Seen() for _ in cases]
    with web(dataset.site) as server:
        turns = list(zip(cases, seen, strict=True)) * ROUNDS
        for case, its in context.steps.over("live: doors and spreads, in turns", turns):
            measure_case(case, dataset, server, count=context.effort.events // ROUNDS, seen=its)
    return [
        figure
        for case, its in zip(cases, seen, strict=True)
        for figure in figures_of("live", case.title, its)
    ]


def opening(dataset: Dataset, door: str, run_id: str) -> Mapping[str, Any]:
    """How a subscriber of an execution opens its connection."""
    if door == "sse":
        return sse_opening(f"{dataset.space_path}/skills/executions/{run_id}/events", dataset.headers)
    return subscribing(dataset, execution_id=run_id)


def subscribing(dataset: Dataset, **named: str) -> Mapping[str, Any]:
    """How a websocket's client subscribes to the one run that is named."""
    hello = json.dumps({"type": "subscribe", "sub": "a", **named}, separators=(",", ":"))
    return socket_opening("/v1/ws", dataset.headers, hello)
