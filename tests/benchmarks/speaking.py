"""From what a skill's code says to everybody who follows its run, beside a bare script's pipe and NOTIFY."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.benchmarks.child_process import START_SECONDS, ChildProcess, call_in_child
from tests.benchmarks.context import Context, Dataset
from tests.benchmarks.delivering import SUBSCRIBERS, Undelivered
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.live import DOORS, opening
from tests.benchmarks.servers import Server

MIDDLE_MS = {1: 8.0, SUBSCRIBERS: 15.0}  # by the number of subscribers
PAUSE_SECONDS = 0.25  # longer than a batch: what is measured is what comes after a pause
SILENCE_SECONDS = 2.0  # before the script's first word, for the subscribers, and after its last
_SAID = """
SELECT seq, (data->>'message')::bigint FROM executions_runevent
 WHERE run_id = %s AND kind = 'execution.progressed'
"""


@dataclass
class _Heard:
    """Milliseconds from a word to a subscriber, and to the bare listener."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


def measure_speaking(context: Context, real: Server) -> list[Figure]:
    """Each way in with one subscriber and with a hundred; the worker is there already."""
    cases = {(door, count): _Heard() for door in DOORS for count in MIDDLE_MS}
    for (door, count), heard in context.steps.over("runs: what code says", list(cases.items())):
        words = max(context.effort.events // 2, 20)
        heard.ours += _speak(context.dataset, real, door, count, words=words)
        heard.bare += call_in_child(
            "tests.benchmarks.barespeech.time_bare_speech",
            seconds=START_SECONDS + words * PAUSE_SECONDS,
            url=context.dataset.site.database_url,
            words=words // 2,
            pause=PAUSE_SECONDS,
        )
    return [
        figure for (door, count), heard in cases.items() for figure in _figures(DOORS[door], count, heard)
    ]


def _speak(dataset: Dataset, server: Server, door: str, count: int, *, words: int) -> list[float]:
    """Milliseconds from each word of one run to each of its subscribers."""
    run_id = _begin(dataset, server, words)
    seconds = SILENCE_SECONDS * 1.5 + words * (PAUSE_SECONDS + 0.01)
    with ChildProcess(
        "tests.benchmarks.subscribers.follow",
        port=server.port,
        openings=[opening(dataset, door, run_id)] * count,
        deliveries=words * count * 2,  # never: they follow for as long as the script speaks
        seconds=seconds,
    ) as following:
        following.wait_until_ready()
        ready = time.monotonic_ns()
        crowd = following.result(seconds + START_SECONDS)
    with psycopg.connect(dataset.site.database_url) as connection:
        said: dict[int, int] = dict(connection.execute(_SAID, [run_id]).fetchall())
    # Whoever came late was told the first words from the log.
    return delays(crowd, {seq: at for seq, at in said.items() if at > ready}, count)


def delays(crowd: Mapping[str, Any], said: Mapping[int, int], count: int) -> list[float]:
    """Milliseconds from each word to each subscriber; raises Undelivered where one did not reach all of them.

    `said` is when, in nanoseconds, by the number of the event that tells it.
    """
    heard = [(seq, at) for _, seq, at in crowd["received"] if seq in said]
    if not said or crowd["lost"] or len(heard) != len(said) * count:
        raise Undelivered(f"{len(heard)} of {len(said) * count} words came, {crowd['lost']} were cut off")
    return [(at - said[seq]) / 1e6 for seq, at in heard]


def _begin(dataset: Dataset, server: Server, words: int) -> str:
    """A run of the skill that speaks."""
    inputs = {"silence": SILENCE_SECONDS, "count": words, "pause": PAUSE_SECONDS}
    path = f"{dataset.space_path}/skills/{dataset.ids['speaker']}/executions"
    body = json.dumps({"inputs": inputs}).encode()
    with HttpClient(server.port) as client:
        made = client.ask(request_bytes(path, dataset.headers, method="POST", body=body), status=201)
    return str(json.loads(made)["data"]["id"])


def _figures(door: str, count: int, heard: _Heard) -> list[Figure]:
    ours, bare, bar = Spread.of(heard.ours), Spread.of(heard.bare), MIDDLE_MS[count]
    what = f"code speaks to {count} subscriber{'s' if count > 1 else ''}, {door}"
    return [
        Figure("runs", f"{what}, p50", ours.p50, "ms")
        .beside(bare.p50, ours.p50 / bare.p50)
        .asked(f"under {bar:g} ms", is_met=ours.p50 < bar),
        Figure("runs", f"{what}, p95", ours.p95, "ms").beside(bare.p95, ours.p95 / bare.p95),
    ]
