"""Objectives that only wait: for a provider that is silent for ever, and for people."""

import time
from typing import Any

import psycopg

from tests.benchmarks.agents.crowd import PART
from tests.benchmarks.agents.place import Place
from tests.benchmarks.agents.probes import Felt, feel
from tests.benchmarks.agents.process import Usage, usage_of
from tests.benchmarks.figures import Figure, median

SETTLE_SECONDS = 2.0
MOST_RATIO = 1.5
MOST_GROWTH_MEGABYTES = 5.0
PATIENCE_SECONDS = 180.0
_ASKED = "SELECT count(*) = %s FROM objectives_objective WHERE id = ANY(%s) AND asked_at IS NOT NULL"


def measure_silence(place: Place, idle: Felt) -> list[Figure]:
    """What another tenant feels while the first one's provider says nothing."""
    count = place.context.effort.silent_agents
    place.context.steps.say(f"agents: {count} whose provider is silent")
    silent = place.create(place.ours, "silent", count)

    def all_asked(connection: "psycopg.Connection[Any]") -> bool:
        row = connection.execute(_ASKED, [count, silent]).fetchone()
        return bool(row and row[0])

    place.until(all_asked, "a silent provider was not asked", seconds=PATIENCE_SECONDS)
    felt = feel(place, place.context.effort.feelings)
    place.say(place.ours, silent, "cancel")
    place.wait_for(silent, ["cancelled"], seconds=PATIENCE_SECONDS)
    what = f"beside {count} with a silent provider: another tenant's"
    return [
        _felt(f"{what} demo objective, p50", felt.objective, idle.objective),
        _felt(f"{what} skill dispatched to started, p50", felt.skill, idle.skill),
    ]


def _felt(what: str, among: list[float], idle: list[float]) -> Figure:
    ours, calm = median(among), median(idle)
    figure = Figure(PART, what, ours, "ms").beside(calm, ours / calm)
    return figure.asked(f"within {MOST_RATIO:g} times", is_met=ours <= MOST_RATIO * calm)


def measure_waiting(place: Place, worker: int) -> list[Figure]:
    """Two halves come to wait for an approval: what the second one adds to what the first one left."""
    count = place.context.effort.waiting_agents
    place.context.steps.say(f"agents: {count} that wait for an approval")
    first, second = (_after(place, worker, waiting) for waiting in (count // 2, count - count // 2))
    growth = second.megabytes - first.megabytes
    threads, connections = second.threads - first.threads, second.connections - first.connections
    return [
        Figure(PART, f"{count} wait for an approval: threads that the second half adds", threads, "").asked(
            "none", is_met=threads <= 0
        ),
        Figure(PART, "the same: database connections", connections, "").asked(
            "none", is_met=connections <= 0
        ),
        Figure(PART, "the same: memory", growth, "MB").asked(
            f"under {MOST_GROWTH_MEGABYTES:g} MB", is_met=growth < MOST_GROWTH_MEGABYTES
        ),
    ]


def _after(place: Place, worker: int, count: int) -> Usage:
    """What the worker takes once so many more wait."""
    made = place.create(place.other, "decider", count)
    place.wait_for(made, ["waiting"], seconds=PATIENCE_SECONDS)
    time.sleep(SETTLE_SECONDS)
    with place.database() as connection:
        return usage_of(worker, connection)
