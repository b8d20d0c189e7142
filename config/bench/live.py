"""Part 3: from a commit to a hundred subscribers of executions, by either door."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from config.bench.delivering import ROUNDS, SUBSCRIBERS, Case, Seen, figures_of, measure_case
from config.bench.figures import Figure
from config.bench.seeding import seed_running
from config.bench.servers import web
from config.bench.stage import Stage, World
from config.bench.subscribers import socket_opening, sse_opening

COMMITS = "config.bench.commits.commit_events"
DOORS = {"sse": "SSE", "websocket": "websocket"}
SPREADS = {1: "all on one run", SUBSCRIBERS: f"spread over {SUBSCRIBERS} runs"}


def measure_live(stage: Stage) -> list[Figure]:
    """Each door with each spread, in turns; the events of each are also heard by the bare listener."""
    world = stage.world
    cases = [
        Case(
            title=f"{name}, {spread}",
            runs=runs,
            seed=partial(seed_running, world.site.database_url, world.ids),
            opening=partial(opening, world, door),
            commits=COMMITS,
        )
        for door, name in DOORS.items()
        for runs, spread in SPREADS.items()
    ]
    seen = [Seen() for _ in cases]
    with web(world.site) as server:
        turns = list(zip(cases, seen, strict=True)) * ROUNDS
        for case, its in stage.steps.over("live: doors and spreads, in turns", turns):
            measure_case(case, world, server, count=stage.effort.events // ROUNDS, seen=its)
    return [
        figure
        for case, its in zip(cases, seen, strict=True)
        for figure in figures_of("live", case.title, its)
    ]


def opening(world: World, door: str, run_id: str) -> Mapping[str, Any]:
    """How a subscriber of an execution opens its connection."""
    if door == "sse":
        return sse_opening(f"{world.space_path}/skills/executions/{run_id}/events", world.headers)
    return subscribing(world, execution_id=run_id)


def subscribing(world: World, **named: str) -> Mapping[str, Any]:
    """How a websocket's client subscribes to the one run that is named."""
    hello = json.dumps({"type": "subscribe", "sub": "a", **named}, separators=(",", ":"))
    return socket_opening("/v1/ws", world.headers, hello)
