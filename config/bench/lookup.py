"""Part 1: finding an execution by its tool call, authentication included, beside one bare SELECT."""

from typing import Any

from config.bench.asking import Asked, ask_alone, growth, latency, throughput
from config.bench.figures import Figure
from config.bench.lines import Line, request_bytes
from config.bench.servers import bare_web, web
from config.bench.stage import Stage, World
from executions.api.reading import BY_TOOL_CALL

PATHS = 400  # different tool calls that are asked for
WARM_SECONDS = 1.5


def measure_lookup(stage: Stage) -> list[Figure]:
    """Latency of one client, throughput of sixteen, and what a hundred times the rows cost."""
    world, few, effort = stage.world, stage.few, stage.effort
    if few is None:
        raise ValueError("the lookup part needs the small database")
    with (
        web(world.site) as real,
        web(few.site, name="web-few") as small,
        bare_web(world.site, _bare_routes(world, real.port)) as bare,
    ):
        found = Asked(real, _paths(world), world.headers)
        limit = Asked(bare, [f"/lookup/{call_id}" for call_id in world.tool_call_ids(PATHS)], {})
        found_few = Asked(small, _paths(few), few.headers)
        everyone = (found, limit, found_few)
        for asked in everyone:
            asked.load(WARM_SECONDS)
        for _ in stage.steps.over("lookup: rounds of real, bare and small", range(effort.rounds)):
            ask_alone(everyone, effort.requests)
            for asked in (found, limit):
                asked.crowd(effort.seconds)
    what = f"p50 with {world.rows:,} rows, beside {few.rows:,}"
    return [
        *latency("lookup", "", found, limit),
        *throughput("lookup", "", found, limit),
        growth("lookup", what, found, found_few),
    ]


def _paths(world: World) -> list[str]:
    base = f"{world.space_path}/skills/executions/by-chat-tool-call"
    return [f"{base}/{call_id}" for call_id in world.tool_call_ids(PATHS)]


def _bare_routes(world: World, port: int) -> dict[str, Any]:
    """The statement that the real route runs for the row, and the very bytes that it answers with."""
    with Line(port) as line:
        body = line.ask(request_bytes(_paths(world)[0], world.headers)).decode()
    parameters = {"space_id": world.ids["space_id"]}
    route = {"statement": BY_TOOL_CALL, "parameters": parameters, "names": ["tool_call_id"], "body": body}
    return {"lookup": route}
