"""From a commit to a hundred subscribers of one objective, by either door."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from tests.benchmarks.context import Context
from tests.benchmarks.delivering import ROUNDS, SUBSCRIBERS, Case, Seen, figures_of, measure_case
from tests.benchmarks.figures import Figure
from tests.benchmarks.live import DOORS, subscribing
from tests.benchmarks.objectives.copying import copy_running
from tests.benchmarks.objectives.place import Place
from tests.benchmarks.servers import Server
from tests.benchmarks.subscribers import sse_opening

COMMITS = "tests.benchmarks.objectives.commits.commit_responses"


def measure_live(context: Context, many: Place, _few: Place, real: Server) -> list[Figure]:
    """The doors in turns; the events of each are also heard by the bare listener."""
    cases = [
        Case(
            title=f"{name}, {SUBSCRIBERS} on one objective",
            runs=1,
            seed=partial(copy_running, many.dataset.site.database_url, many.models["clerk"]),
            opening=partial(_opening, many, door),
            commits=COMMITS,
        )
        for door, name in DOORS.items()
    ]
    seen = [Seen() for _ in cases]
    turns = list(zip(cases, seen, strict=True)) * ROUNDS
    for case, its in context.steps.over("objectives: live, doors in turns", turns):
        measure_case(case, many.dataset, real, count=context.effort.events // ROUNDS, seen=its)
    return [
        figure
        for case, its in zip(cases, seen, strict=True)
        for figure in figures_of("objectives", case.title, its)
    ]


def _opening(many: Place, door: str, run_id: str) -> Mapping[str, Any]:
    """How a subscriber of an objective opens its connection."""
    if door == "sse":
        path = f"{many.objective_path(uuid.UUID(run_id))}/events:stream"
        return sse_opening(path, many.dataset.headers)
    return subscribing(many.dataset, objective_id=run_id)
