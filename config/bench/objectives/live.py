"""From a commit to a hundred subscribers of one objective, by either door."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from config.bench.delivering import ROUNDS, SUBSCRIBERS, Case, Seen, figures_of, measure_case
from config.bench.figures import Figure
from config.bench.live import DOORS, subscribing
from config.bench.objectives.copying import copy_running
from config.bench.objectives.place import Place
from config.bench.servers import Server
from config.bench.stage import Stage
from config.bench.subscribers import sse_opening

COMMITS = "config.bench.objectives.commits.commit_responses"


def measure_live(stage: Stage, many: Place, _few: Place, real: Server) -> list[Figure]:
    """The doors in turns; the events of each are also heard by the bare listener."""
    cases = [
        Case(
            title=f"{name}, {SUBSCRIBERS} on one objective",
            runs=1,
            seed=partial(copy_running, many.world.site.database_url, many.models["clerk"]),
            opening=partial(_opening, many, door),
            commits=COMMITS,
        )
        for door, name in DOORS.items()
    ]
    seen = [Seen() for _ in cases]
    turns = list(zip(cases, seen, strict=True)) * ROUNDS
    for case, its in stage.steps.over("objectives: live, doors in turns", turns):
        measure_case(case, many.world, real, count=stage.effort.events // ROUNDS, seen=its)
    return [
        figure
        for case, its in zip(cases, seen, strict=True)
        for figure in figures_of("objectives", case.title, its)
    ]


def _opening(many: Place, door: str, run_id: str) -> Mapping[str, Any]:
    """How a subscriber of an objective opens its connection."""
    if door == "sse":
        path = f"{many.objective_path(uuid.UUID(run_id))}/events:stream"
        return sse_opening(path, many.world.headers)
    return subscribing(many.world, objective_id=run_id)
