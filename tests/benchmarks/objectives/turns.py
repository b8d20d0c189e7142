"""From creating an objective to its end, and from an approval to the call, as a client sees them."""

from collections.abc import Mapping
from typing import Any

from tests.benchmarks.child_process import ChildProcess, call_in_child
from tests.benchmarks.context import Context
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.objectives.place import Place
from tests.benchmarks.objectives.populating import point_tools_at
from tests.benchmarks.servers import Server, worker

SECONDS_EACH = 10.0  # more than a turn takes; bounds the part
PIECE = 10  # turns between two steps of the progress
WHAT = {
    "shown": "create to its own frame on the stream",
    "answered": "create to the demo model's first response",
    "finalized": "create to finalized",
    "called": "approval to the call begun",
}


def measure_turns(context: Context, many: Place, few: Place, real: Server) -> list[Figure]:
    """One objective at a time through the real API, queue and worker; a bare job in between.

    Of a first response 30 ms are the demo model's typing: two pieces of text, 15 ms before each.
    The bare queue is in the small database, where the real worker does not see its jobs.
    """
    point_tools_at(many.dataset, real)
    arguments: dict[str, Any] = {
        "port": real.port,
        "path": many.path,
        "headers": many.dataset.headers,
        "answerer": many.agent("answerer"),
        "asker": many.agent("decider"),
        "bare_url": few.dataset.site.database_url,
    }
    taken: dict[str, list[float]] = {name: [] for name in (*WHAT, "bare")}
    with (
        worker(many.dataset.site),
        ChildProcess("tests.benchmarks.barejobs.work", url=few.dataset.site.database_url) as bare,
    ):
        bare.wait_until_ready()
        pieces = max(context.effort.dispatches // PIECE, 1)
        for _ in context.steps.over("objectives: tens of turns", range(pieces)):
            some = call_in_child(
                "tests.benchmarks.objectives.turning.time_turns",
                seconds=60 + SECONDS_EACH * PIECE,
                count=PIECE,
                **arguments,
            )
            for name, samples in some.items():
                taken[name] += samples
    return _figures({name: Spread.of(samples) for name, samples in taken.items()})


def _figures(spread: Mapping[str, Spread]) -> list[Figure]:
    bare = spread["bare"]
    return [
        figure
        for name, what in WHAT.items()
        for figure in (
            Figure("objectives", f"{what}, p50", spread[name].p50, "ms").beside(
                bare.p50, spread[name].p50 / bare.p50
            ),
            Figure("objectives", f"{what}, p95", spread[name].p95, "ms").beside(
                bare.p95, spread[name].p95 / bare.p95
            ),
        )
    ]
