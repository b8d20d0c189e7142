"""Part 2: from the POST to a worker that has started, beside a bare job of the same queue library."""

from typing import Any

from tests.benchmarks.child_process import ChildProcess, call_in_child
from tests.benchmarks.context import Context
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.servers import web, worker

MIDDLE_MS, SLOWEST_MS = 15.0, 40.0
SECONDS_EACH = 5.0  # more than a turn takes; bounds the part


def measure_dispatch(context: Context) -> list[Figure]:
    """One dispatch at a time through the real API, queue, worker and sandbox; a bare job in between.

    The bare queue is in another database of the same server, where the real worker does not see its jobs.
    """
    dataset, few, count = context.dataset, context.few, context.effort.dispatches
    if few is None:
        raise ValueError("the dispatch part needs the small database")
    arguments: dict[str, Any] = {
        "path": f"{dataset.space_path}/skills/{dataset.ids['skill']}/executions",
        "headers": dataset.headers,
        "url": dataset.site.database_url,
        "bare_url": few.site.database_url,
    }
    with (
        web(dataset.site) as real,
        worker(dataset.site),
        ChildProcess("tests.benchmarks.barejobs.work", url=few.site.database_url) as bare,
    ):
        bare.wait_until_ready()
        pieces = max(count // 10, 1)
        taken: dict[str, list[float]] = {"started": [], "answered": [], "bare": []}
        for _ in context.steps.over("dispatch: tens of turns", range(pieces)):
            some = call_in_child(
                "tests.benchmarks.dispatches.time_dispatches",
                seconds=60 + SECONDS_EACH * 15,
                port=real.port,
                count=10,
                **arguments,
            )
            for name, samples in some.items():
                taken[name] += samples
    return _figures({name: Spread.of(samples) for name, samples in taken.items()})


def _figures(spread: dict[str, Spread]) -> list[Figure]:
    started, bare, answered = spread["started"], spread["bare"], spread["answered"]
    return [
        Figure("dispatch", "POST to worker started, p50", started.p50, "ms")
        .beside(bare.p50, started.p50 / bare.p50)
        .asked(f"under {MIDDLE_MS:g} ms", is_met=started.p50 < MIDDLE_MS),
        Figure("dispatch", "POST to worker started, p95", started.p95, "ms")
        .beside(bare.p95, started.p95 / bare.p95)
        .asked(f"under {SLOWEST_MS:g} ms", is_met=started.p95 < SLOWEST_MS),
        Figure("dispatch", "of it, POST to its answer, p50", answered.p50, "ms"),
    ]
