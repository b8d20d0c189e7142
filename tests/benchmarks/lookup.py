"""Part 1: finding an execution by its tool call, authentication included, beside one bare SELECT."""

from typing import Any

from executions.api.selectors import BY_TOOL_CALL
from tests.benchmarks.asking import Asked, ask_alone, growth, latency, throughput
from tests.benchmarks.context import Context, Dataset
from tests.benchmarks.figures import Figure
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.servers import bare_web, web

PATHS = 400  # different tool calls that are asked for
WARM_SECONDS = 1.5


def measure_lookup(context: Context) -> list[Figure]:
    """Latency of one client, throughput of sixteen, and what a hundred times the rows cost."""
    dataset, few, effort = context.dataset, context.few, context.effort
    if few is None:
        raise ValueError("the lookup part needs the small database")
    with (
        web(dataset.site) as real,
        web(few.site, name="web-few") as small,
        bare_web(dataset.site, _bare_routes(dataset, real.port)) as bare,
    ):
        found = Asked(real, _paths(dataset), dataset.headers)
        limit = Asked(bare, [f"/lookup/{call_id}" for call_id in dataset.tool_call_ids(PATHS)], {})
        found_few = Asked(small, _paths(few), few.headers)
        everyone = (found, limit, found_few)
        for asked in everyone:
            asked.load(WARM_SECONDS)
        for _ in context.steps.over("lookup: rounds of real, bare and small", range(effort.rounds)):
            ask_alone(everyone, effort.requests)
            for asked in (found, limit):
                asked.crowd(effort.seconds)
    what = f"p50 with {dataset.rows:,} rows, beside {few.rows:,}"
    return [
        *latency("lookup", "", found, limit),
        *throughput("lookup", "", found, limit),
        growth("lookup", what, found, found_few),
    ]


def _paths(dataset: Dataset) -> list[str]:
    base = f"{dataset.space_path}/skills/executions/by-chat-tool-call"
    return [f"{base}/{call_id}" for call_id in dataset.tool_call_ids(PATHS)]


def _bare_routes(dataset: Dataset, port: int) -> dict[str, Any]:
    """The statement that the real route runs for the row, and the very bytes that it answers with."""
    with HttpClient(port) as client:
        body = client.ask(request_bytes(_paths(dataset)[0], dataset.headers)).decode()
    parameters = {"space_id": dataset.ids["space_id"]}
    route = {"statement": BY_TOOL_CALL, "parameters": parameters, "names": ["tool_call_id"], "body": body}
    return {"lookup": route}
