"""A tool call of an objective with its result: the page that the workspace API began with."""

from typing import Any

from config.bench.asking import Asked, ask_alone, growth, latency, throughput
from config.bench.figures import Figure
from config.bench.lines import Line, request_bytes
from config.bench.objectives.place import Place
from config.bench.servers import Server, bare_web, web
from config.bench.stage import Stage
from objectives.spelling import Prefix, spell

PATHS = 400  # different tool calls that are asked for
WARM_SECONDS = 1.5
_BARE = """
SELECT call.* FROM objectives_toolcall AS call JOIN objectives_objective AS objective
    ON objective.id = call.objective_id
 WHERE call.space_id = %s AND objective.id = %s::uuid AND call.id = %s::uuid
"""


def measure_seed_page(stage: Stage, many: Place, few: Place, real: Server) -> list[Figure]:
    """Latency of one client, throughput of sixteen, and what a hundred times the rows cost."""
    effort = stage.effort
    chosen = many.some_calls(PATHS)
    with (
        web(few.world.site, name="web-few") as small,
        bare_web(many.world.site, _bare_routes(many, real)) as bare,
    ):
        found = Asked(real, _paths(many), many.world.headers)
        limit = Asked(bare, [f"/call/{objective}/{call}" for objective, call in chosen], {})
        found_few = Asked(small, _paths(few), few.world.headers)
        everyone = (found, limit, found_few)
        for asked in everyone:
            asked.load(WARM_SECONDS)
        for _ in stage.steps.over("objectives: rounds of one tool call", range(effort.rounds)):
            ask_alone(everyone, effort.requests)
            for asked in (found, limit):
                asked.crowd(effort.seconds)
    what = f"tool call, p50 with {many.calls:,} calls, beside {few.calls:,}"
    return [
        *latency("objectives", "tool call, ", found, limit),
        *throughput("objectives", "tool call, ", found, limit),
        growth("objectives", what, found, found_few),
    ]


def _paths(place: Place) -> list[str]:
    return [
        f"{place.objective_path(objective)}/tool_calls/{spell(Prefix.TOOL_CALL, call)}"
        for objective, call in place.some_calls(PATHS)
    ]


def _bare_routes(place: Place, real: Server) -> dict[str, Any]:
    """The row by its key, and the very bytes that the real route answers with."""
    with Line(real.port) as line:
        body = line.ask(request_bytes(_paths(place)[0], place.world.headers)).decode()
    return {"call": {"statement": _BARE, "parameters": [place.world.ids["space_id"]], "body": body}}
