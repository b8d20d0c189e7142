"""Part 7: objectives and tool calls, from the seed page to the desk."""

from collections.abc import Callable

from tests.benchmarks.context import Context
from tests.benchmarks.figures import Figure
from tests.benchmarks.objectives.desk import measure_desk
from tests.benchmarks.objectives.lists import measure_lists
from tests.benchmarks.objectives.live import measure_live
from tests.benchmarks.objectives.place import Place
from tests.benchmarks.objectives.populating import populate
from tests.benchmarks.objectives.seedpage import measure_seed_page
from tests.benchmarks.objectives.turns import measure_turns
from tests.benchmarks.servers import Server, web

SUBJECTS: tuple[Callable[[Context, Place, Place, Server], list[Figure]], ...] = (
    measure_seed_page,
    measure_lists,
    measure_turns,
    measure_live,
    measure_desk,
)


def measure_objectives(context: Context) -> list[Figure]:
    """Both databases are seeded here, so that the other parts find them as they always were."""
    if context.few is None:
        raise ValueError("the objectives part needs the small database")
    many, few = populate(context.dataset, context.steps), populate(context.few, context.steps)
    with web(many.dataset.site) as real:
        return [figure for measure in SUBJECTS for figure in measure(context, many, few, real)]
