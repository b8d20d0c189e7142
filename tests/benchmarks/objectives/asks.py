"""From creating an objective to its model's being asked, and from an approval to the next request."""

import uuid
from collections.abc import Mapping

from objectives.ids import Prefix, spell
from tests.benchmarks.child_process import ChildProcess, call_in_child
from tests.benchmarks.context import Context
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.servers import Server

MODEL = "bench"  # the alias of the benchmark's provider
MIDDLE_MS, SLOWEST_MS = 20.0, 35.0
SECONDS_EACH = 5.0  # more than a turn takes; bounds the part
PIECE = 10  # turns between two steps of the progress
WHAT = {
    "created": "created to the model asked",
    "approved": "approval to the call begun, on the stream",
    "continued": "approval to the model asked again, the call between them",
}
UNASKED = {"continued"}  # it holds a whole call


def measure_asks(context: Context, real: Server, provider: int) -> list[Figure]:
    """One objective at a time through the real API, queue and worker; a bare job that asks in between.

    The bare queue is in the small database, where the real worker does not see its jobs.
    It asks by one client that stays.
    """
    if context.few is None:
        raise ValueError("the runs part needs the small database")
    dataset, bare_url = context.dataset, context.few.site.database_url
    agents = call_in_child(
        "tests.benchmarks.objectives.fixtures.make_askers",
        seconds=60,
        env=dataset.site.env,
        ids=dict(dataset.ids),
        tools_at=f"http://127.0.0.1:{real.port}",
    )
    taken: dict[str, list[float]] = {name: [] for name in (*WHAT, "bare")}
    with ChildProcess("tests.benchmarks.barejobs.work", url=bare_url, provider=provider) as bare:
        bare.wait_until_ready()
        for _ in context.steps.over("runs: tens of turns", range(max(context.effort.dispatches // PIECE, 1))):
            some = call_in_child(
                "tests.benchmarks.objectives.asking.time_asks",
                seconds=60 + SECONDS_EACH * PIECE,
                port=real.port,
                path=f"/v1/workspaces/{spell(Prefix.WORKSPACE, uuid.UUID(dataset.ids['space_id']))}",
                headers=dataset.headers,
                agents={name: spell(Prefix.AGENT, uuid.UUID(agent)) for name, agent in agents.items()},
                provider_port=provider,
                bare_url=bare_url,
                count=PIECE,
            )
            for name, samples in some.items():
                taken[name] += samples
    return _figures({name: Spread.of(samples) for name, samples in taken.items()})


def _figures(spread: Mapping[str, Spread]) -> list[Figure]:
    bare = spread["bare"]
    figures = []
    for name, what in WHAT.items():
        taken = spread[name]
        for end, ours, limit, bar in (
            ("p50", taken.p50, bare.p50, MIDDLE_MS),
            ("p95", taken.p95, bare.p95, SLOWEST_MS),
        ):
            figure = Figure("runs", f"{what}, {end}", ours, "ms").beside(limit, ours / limit)
            asked = figure if name in UNASKED else figure.asked(f"under {bar:g} ms", is_met=ours < bar)
            figures.append(asked)
    return figures
