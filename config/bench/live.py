"""Part 3: from a commit to a hundred subscribers, beside one bare LISTEN on the same notifications."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.bench.apart import START_SECONDS, Apart, call_apart
from config.bench.failures import NotMeasured
from config.bench.figures import Figure, Spread, median
from config.bench.seeding import seed_running
from config.bench.servers import Server, web
from config.bench.stage import Stage, World
from config.bench.subscribers import socket_opening, sse_opening
from executions.runlog.wakeups import CHANNEL as WAKEUPS, run_topic

SUBSCRIBERS = 100
PER_SECOND = 20.0
MIDDLE_MS = 5.0
ROUNDS = 2
DOORS = {"sse": "SSE", "websocket": "websocket"}
SPREADS = {1: "all on one run", SUBSCRIBERS: f"spread over {SUBSCRIBERS} runs"}
LATE_SECONDS = 10.0  # for events that are on their way when the last is committed


class Undelivered(NotMeasured):
    """Subscribers did not get every event: whatever was measured then is worth nothing."""


@dataclass(frozen=True)
class _Case:
    """A door, and how many runs the subscribers are spread over."""

    door: str
    runs: int

    @property
    def title(self) -> str:
        return f"{DOORS[self.door]}, {SPREADS[self.runs]}"


@dataclass
class _Seen:
    """What came of one case, rounds together: milliseconds, and the web processes' own per delivery."""

    delivered: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)


def measure_live(stage: Stage) -> list[Figure]:
    """Each door with each spread, in turns; the events of each are also heard by the bare listener."""
    cases = [_Case(door, runs) for door in DOORS for runs in SPREADS]
    seen = {case: _Seen() for case in cases}
    count = stage.effort.events // ROUNDS
    with web(stage.world.site) as server:
        for case in stage.steps.over("live: doors and spreads, in turns", cases * ROUNDS):
            _measure(case, stage.world, server, count=count, seen=seen[case])
    return [figure for case in cases for figure in _figures(case.title, seen[case])]


def openings(world: World, door: str, run_ids: list[str], subscribers: int) -> list[Mapping[str, Any]]:
    """How each of so many subscribers opens its connection, the runs dealt out in turn."""
    chosen = [run_ids[index % len(run_ids)] for index in range(subscribers)]
    if door == "sse":
        base = f"{world.space_path}/skills/executions"
        return [sse_opening(f"{base}/{run_id}/events", world.headers) for run_id in chosen]
    hellos = [
        json.dumps({"type": "subscribe", "sub": "a", "execution_id": run_id}, separators=(",", ":"))
        for run_id in chosen
    ]
    return [socket_opening("/v1/ws", world.headers, hello) for hello in hellos]


def _measure(case: _Case, world: World, server: Server, *, count: int, seen: _Seen) -> None:
    """Milliseconds from each commit to each of its subscribers, and to the bare listener."""
    run_ids = [str(run_id) for run_id in seed_running(world.site.database_url, world.ids, count=case.runs)]
    indexes = {topic_of(run_id): index for index, run_id in enumerate(run_ids)}
    deliveries, seconds = count * SUBSCRIBERS // case.runs, count / PER_SECOND + LATE_SECONDS
    following = Apart(
        "config.bench.subscribers.follow",
        port=server.port,
        openings=openings(world, case.door, run_ids, SUBSCRIBERS),
        deliveries=deliveries,
        seconds=seconds + START_SECONDS,
    )
    listening = Apart(
        "config.bench.hearing.hear",
        url=world.site.database_url,
        channel=WAKEUPS,
        last={topic: number for topic, index in indexes.items() if (number := _share(index, case, count))},
        seconds=seconds + START_SECONDS,
    )
    with following, listening:
        following.wait_until_ready()
        listening.wait_until_ready()
        before = server.processor_seconds()
        commits = commit(world, run_ids, count=count, per_second=PER_SECOND)
        crowd = following.result(seconds + START_SECONDS)
        used = server.processor_seconds() - before
        notices = listening.result(seconds + START_SECONDS)
    check_delivered(crowd, deliveries)
    seen.delivered += [
        (at - commits[index % case.runs, number]) / 1e6 for index, number, at in crowd["received"]
    ]
    # A run of ours that goes on without a worker is healed in the end, which is an event too.
    ours = [(at, (indexes[topic], number)) for topic, number, at in notices]
    seen.heard += [(at - commits[place]) / 1e6 for at, place in ours if place in commits]
    seen.processor_ms.append(used * 1000 / deliveries)


def _share(index: int, case: _Case, count: int) -> int:
    """How many of the events go to the run of this index."""
    return count // case.runs + (index < count % case.runs)


def commit(world: World, run_ids: list[str], *, count: int, per_second: float) -> dict[tuple[int, int], int]:
    """Have events committed to the runs in turn; when, in nanoseconds, by (index of the run, number)."""
    commits = call_apart(
        "config.bench.commits.commit_events",
        seconds=count / per_second + START_SECONDS,
        env=world.site.env,
        run_ids=run_ids,
        count=count,
        per_second=per_second,
    )
    return {(index, number): at for index, number, at in commits}


def check_delivered(crowd: Mapping[str, Any], deliveries: int) -> None:
    """Raises Undelivered unless every event came and every connection is still open."""
    came = len(crowd["received"])
    if came != deliveries or crowd["lost"]:
        raise Undelivered(f"{came} of {deliveries} events came, {crowd['lost']} connections were cut off")


def topic_of(run_id: str) -> str:
    """The name under which wake-ups tell of a run."""
    return run_topic(uuid.UUID(run_id))


def _figures(what: str, seen: _Seen) -> list[Figure]:
    served, heard = Spread.of(seen.delivered), Spread.of(seen.heard)
    return [
        Figure("live", f"{what}, p50", served.p50, "ms")
        .beside(heard.p50, served.p50 / heard.p50)
        .asked(f"under {MIDDLE_MS:g} ms", is_met=served.p50 < MIDDLE_MS),
        Figure("live", f"{what}, p95", served.p95, "ms").beside(heard.p95, served.p95 / heard.p95),
        Figure("live", "of it, processor time of a delivery, all in all", median(seen.processor_ms), "ms"),
    ]
