"""Objectives a second through to their end, and how soon others go on where a worker is killed."""

import contextlib
import os
import signal
import time
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg

from tests.benchmarks.agents.crowd import PART
from tests.benchmarks.agents.place import Place
from tests.benchmarks.agents.process import processor_seconds
from tests.benchmarks.figures import Figure
from tests.benchmarks.servers import worker

STEPS = 2  # of the model in each objective: the call, and the answer behind it
HEALED_SECONDS = 15.0
PATIENCE_SECONDS = 900.0
_TIMES = "SELECT min(asked_at), max(finished_at) FROM objectives_objective WHERE id = ANY(%s)"
_FIRST = "SELECT min(at) FROM executions_runevent WHERE run_id = ANY(%s) AND seq = 2"
_HELD = """
SELECT run_id, fence FROM executions_runhead WHERE run_id = ANY(%s) AND state = 'running'
"""


def measure_throughput(place: Place) -> list[Figure]:
    """All wait before their workers start; with one worker, then with two."""
    found = [_through(place, count) for count in (1, 2)]
    (one, cost), (two, _) = found
    return [
        Figure(PART, "demo objectives with a call, one worker", one, "objectives/s"),
        Figure(PART, "of it, the worker's processor time of a step", cost, "ms"),
        Figure(PART, "demo objectives with a call, two workers beside one", two, "objectives/s").beside(
            one, two / one
        ),
    ]


def _through(place: Place, workers: int) -> tuple[float, float]:
    """Objectives a second, and milliseconds of the workers' processor time a step."""
    count, site = place.context.effort.through, place.context.dataset.site
    place.context.steps.say(f"agents: {count} with a call, {workers} worker{'s' if workers > 1 else ''}")
    made = place.create(place.other, "clerk", count)
    with contextlib.ExitStack() as running:
        pids = [running.enter_context(worker(site, name=f"worker-{number}")) for number in range(workers)]
        before = sum(processor_seconds(pid) for pid in pids)
        place.wait_for(made, ["finalized"], seconds=PATIENCE_SECONDS)
        used = sum(processor_seconds(pid) for pid in pids) - before
    with place.database() as connection:
        began = connection.execute(_FIRST, [made]).fetchone()
        ended = connection.execute(_TIMES, [made]).fetchone()
    taken = (ended[1] - began[0]).total_seconds() if began and ended else 0.0
    return count / taken, used * 1000 / count / STEPS


def measure_killing(place: Place) -> Figure:
    """A worker is killed amid its objectives while another runs: until all have been taken up again."""
    count, site = place.context.effort.agents, place.context.dataset.site
    place.context.steps.say(f"agents: a worker of {count} is killed")
    with worker(site, name="worker-0") as pid:
        made = place.create(place.ours, "lingerer", count)

        def all_held(connection: "psycopg.Connection[Any]") -> bool:
            return len(_held(connection, made)) == count

        place.until(all_held, "not all objectives were taken", seconds=PATIENCE_SECONDS)
        with place.database() as connection:
            before = _held(connection, made)
        with worker(site, name="worker-1"):
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)

            def all_go_on(connection: "psycopg.Connection[Any]") -> bool:
                now = _held(connection, made)
                return all(now.get(run_id, 0) > fence for run_id, fence in before.items())

            healed = place.until(all_go_on, "not all went on", seconds=PATIENCE_SECONDS) - killed
            place.say(place.ours, made, "cancel")
            place.wait_for(made, ["cancelled"], seconds=PATIENCE_SECONDS)
    figure = Figure(PART, f"a worker of {count} killed: all go on on another", healed, "s")
    return figure.asked(f"within {HEALED_SECONDS:g} s", is_met=healed <= HEALED_SECONDS)


def _held(connection: "psycopg.Connection[Any]", runs: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The fences of those that a worker has."""
    return dict(connection.execute(_HELD, [list(runs)]).fetchall())
