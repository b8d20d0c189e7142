"""From a commit to everybody who follows a run, beside one bare LISTEN on the same notifications."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from executions.runs.wakeups import CHANNEL as WAKEUPS, run_topic
from tests.benchmarks.child_process import START_SECONDS, ChildProcess, call_in_child
from tests.benchmarks.context import Dataset
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.figures import Figure, Spread, median
from tests.benchmarks.servers import Server

SUBSCRIBERS = 100
PER_SECOND = 20.0
MIDDLE_MS = 5.0
ROUNDS = 2
LATE_SECONDS = 10.0  # for events that are on their way when the last is committed


class Undelivered(NotMeasured):
    """Subscribers did not get every event: whatever was measured then is worth nothing."""


@dataclass(frozen=True)
class Case:
    """What the subscribers follow, and by which door.

    `seed` makes running runs without an event, `opening` is how one subscriber opens its connection
    to one of them, `commits` the dotted name of the function that commits events to them.
    """

    title: str
    runs: int  # that the subscribers are spread over
    seed: Callable[..., Sequence[uuid.UUID]]  # takes `count`
    opening: Callable[[str], Mapping[str, Any]]
    commits: str


@dataclass
class Seen:
    """What came of one case, rounds together: milliseconds, and the web processes' own per delivery."""

    delivered: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)


def measure_case(case: Case, dataset: Dataset, server: Server, *, count: int, seen: Seen) -> None:
    """Milliseconds from each of `count` commits to each of its subscribers, and to the bare listener."""
    run_ids = [str(run_id) for run_id in case.seed(count=case.runs)]
    indexes = {topic_of(run_id): index for index, run_id in enumerate(run_ids)}
    deliveries, seconds = count * SUBSCRIBERS // case.runs, count / PER_SECOND + LATE_SECONDS
    following = ChildProcess(
        "tests.benchmarks.subscribers.follow",
        port=server.port,
        openings=[case.opening(run_ids[index % case.runs]) for index in range(SUBSCRIBERS)],
        deliveries=deliveries,
        seconds=seconds + START_SECONDS,
    )
    listening = ChildProcess(
        "tests.benchmarks.listener.hear",
        url=dataset.site.database_url,
        channel=WAKEUPS,
        last={topic: number for topic, index in indexes.items() if (number := _share(index, case, count))},
        seconds=seconds + START_SECONDS,
    )
    with following, listening:
        following.wait_until_ready()
        listening.wait_until_ready()
        before = server.processor_seconds()
        commits = commit(dataset, case.commits, run_ids, count=count, per_second=PER_SECOND)
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


def commit(
    dataset: Dataset, function: str, run_ids: Sequence[str], *, count: int, per_second: float
) -> dict[tuple[int, int], int]:
    """Have events committed to the runs in turn; when, in nanoseconds, by (index of the run, number)."""
    commits = call_in_child(
        function,
        seconds=count / per_second + START_SECONDS,
        env=dataset.site.env,
        run_ids=list(run_ids),
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


def figures_of(part: str, what: str, seen: Seen) -> list[Figure]:
    """How long events were on their way, and what a delivery costs."""
    served, heard = Spread.of(seen.delivered), Spread.of(seen.heard)
    return [
        Figure(part, f"{what}, p50", served.p50, "ms")
        .beside(heard.p50, served.p50 / heard.p50)
        .asked(f"under {MIDDLE_MS:g} ms", is_met=served.p50 < MIDDLE_MS),
        Figure(part, f"{what}, p95", served.p95, "ms").beside(heard.p95, served.p95 / heard.p95),
        Figure(part, "of it, processor time of a delivery, all in all", median(seen.processor_ms), "ms"),
    ]


def _share(index: int, case: Case, count: int) -> int:
    """How many of the events go to the run of this index."""
    return count // case.runs + (index < count % case.runs)
