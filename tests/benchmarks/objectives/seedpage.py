"""A tool call of an objective with its result: the page that the workspace API began with."""

from typing import Any

from objectives.ids import Prefix, spell
from tests.benchmarks.asking import Asked, ask_alone, growth, latency, throughput
from tests.benchmarks.context import Context
from tests.benchmarks.figures import Figure
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.objectives.place import Place
from tests.benchmarks.servers import Server, bare_web, web

PATHS = 400  # different tool calls that are asked for
WARM_SECONDS = 1.5
_BARE = """
SELECT call.* FROM objectives_toolcall AS call JOIN objectives_objective AS objective
    ON objective.id = call.objective_id
 WHERE call.space_id = %s AND objective.id = %s::uuid AND call.id = %s::uuid
"""


def measure_seed_page(context: Context, many: Place, few: Place, real: Server) -> list[Figure]:
    """Latency of one client, throughput of sixteen, and what a hundred times the rows cost."""
    effort = context.effort
    chosen = many.some_calls(PATHS)
    with (
        web(few.dataset.site, name="web-few") as small,
        bare_web(many.dataset.site, _bare_routes(many, real)) as bare,
    ):
        found = Asked(real, _paths(many), many.dataset.headers)
        limit = Asked(bare, [f"/call/{objective}/{call}" for objective, call in chosen], {})
        found_few = Asked(small, _paths(few), few.dataset.headers)
        everyone = (found, limit, found_few)
        for asked in everyone:
            asked.load(WARM_SECONDS)
        for _ in context.steps.over("objectives: rounds of one tool call", range(effort.rounds)):
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
    with HttpClient(real.port) as client:
        body = client.ask(request_bytes(_paths(place)[0], place.dataset.headers)).decode()
    return {"call": {"statement": _BARE, "parameters": [place.dataset.ids["space_id"]], "body": body}}
