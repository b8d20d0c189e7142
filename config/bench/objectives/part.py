"""Part 7: objectives and tool calls, from the seed page to the desk."""

from collections.abc import Callable

from config.bench.figures import Figure
from config.bench.objectives.desk import measure_desk
from config.bench.objectives.lists import measure_lists
from config.bench.objectives.live import measure_live
from config.bench.objectives.place import Place
from config.bench.objectives.populating import populate
from config.bench.objectives.seedpage import measure_seed_page
from config.bench.objectives.turns import measure_turns
from config.bench.servers import Server, web
from config.bench.stage import Stage

SUBJECTS: tuple[Callable[[Stage, Place, Place, Server], list[Figure]], ...] = (
    measure_seed_page,
    measure_lists,
    measure_turns,
    measure_live,
    measure_desk,
)


def measure_objectives(stage: Stage) -> list[Figure]:
    """Both databases are seeded here, so that the other parts find them as they always were."""
    if stage.few is None:
        raise ValueError("the objectives part needs the small database")
    many, few = populate(stage.world, stage.steps), populate(stage.few, stage.steps)
    with web(many.world.site) as real:
        return [figure for measure in SUBJECTS for figure in measure(stage, many, few, real)]
