"""Part 5: the newest executions of a space, and a page half way down the table."""

import json
from collections.abc import Sequence
from typing import Any

from executions.api.selectors import LISTED_FIELDS
from spaces.keyset import NEWEST_FIRST
from tests.benchmarks.child_process import call_in_child
from tests.benchmarks.context import Context, Dataset
from tests.benchmarks.depth import BEYOND_ALL, cursor_to, row_at
from tests.benchmarks.figures import Figure, Spread, is_within, median, median_ratio
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.servers import Server, bare_web, web

PAGE = 50
SLOWEST_MS = 10.0
TABLE = "executions_skillexecution"

_PAGE_SQL = f"""
SELECT {", ".join(LISTED_FIELDS)} FROM executions_skillexecution
 WHERE space_id = %s AND (created_at, id) < (%s::timestamptz, %s::uuid)
 ORDER BY created_at DESC, id DESC LIMIT {PAGE + 1}
"""


def measure_list(context: Context) -> list[Figure]:
    """HTTP latency of one client, authentication included; by a bare server; and by SQL alone."""
    dataset, effort = context.dataset, context.effort
    depth = dataset.rows // 2
    deep_row = row_at(dataset.site.database_url, TABLE, space_id=dataset.ids["space_id"], depth=depth)
    begins = {"newest": BEYOND_ALL, "deep": (deep_row.created_at.isoformat(), str(deep_row.id))}
    served: dict[str, list[float]] = {name: [] for name in (*begins, *(f"bare {name}" for name in begins))}
    alone: dict[str, list[float]] = {name: [] for name in begins}
    with web(dataset.site) as real, bare_web(dataset.site, _bare_routes(dataset, real)) as bare:
        paths = _paths(dataset, real, deep_row)
        targets = [{"port": real.port, "paths": [paths[name]], "headers": dataset.headers} for name in begins]
        targets += [
            {"port": bare.port, "paths": [f"/page/{at}/{row_id}"], "headers": {}}
            for at, row_id in begins.values()
        ]
        for _ in context.steps.over("list: rounds of newest and deep pages", range(effort.rounds)):
            taken = call_in_child(
                "tests.benchmarks.http_client.time_in_turns",
                seconds=300,
                targets=targets,
                count=effort.requests,
            )
            _add(served, taken)
            _add(alone, _sql(dataset, list(begins.values()), effort.requests))
    return _figures(served, alone, depth)


def _add(medians: dict[str, list[float]], taken: Sequence[Sequence[float]]) -> None:
    for rounds, samples in zip(medians.values(), taken, strict=True):
        rounds.append(Spread.of(samples).p50)


def _sql(dataset: Dataset, begins: Sequence[tuple[str, str]], count: int) -> Any:
    return call_in_child(
        "tests.benchmarks.statements.time_statement_in_turns",
        seconds=120,
        url=dataset.site.database_url,
        statement=_PAGE_SQL,
        parameters=[[dataset.ids["space_id"], *begin] for begin in begins],
        count=count,
    )


def _figures(served: dict[str, list[float]], alone: dict[str, list[float]], depth: int) -> list[Figure]:
    figures = []
    for name, what in (("newest", f"newest {PAGE}, p50"), ("deep", f"{PAGE} at depth {depth:,}, p50")):
        value, limits = median(served[name]), served[f"bare {name}"]
        figure = Figure("list", what, value, "ms").beside(median(limits), median_ratio(served[name], limits))
        figures.append(figure.asked(f"under {SLOWEST_MS:g} ms", is_met=value < SLOWEST_MS))
    for numbers, what in ((served, "deep page, beside the newest"), (alone, "the same, SQL alone")):
        ratio = median_ratio(numbers["deep"], numbers["newest"])
        figure = Figure("list", what, median(numbers["deep"]), "ms").beside(median(numbers["newest"]), ratio)
        figures.append(figure.asked("within 20 % of each other", is_met=is_within(0.2, ratio)))
    return figures


def _paths(dataset: Dataset, real: Server, deep_row: Any) -> dict[str, str]:
    newest = f"{dataset.space_path}/skills/executions?limit={PAGE}"
    with HttpClient(real.port) as client:
        cursor = json.loads(client.ask(request_bytes(newest, dataset.headers)))["meta"]["next_cursor"]
    return {"newest": newest, "deep": f"{newest}&cursor={cursor_to(deep_row, NEWEST_FIRST, like=cursor)}"}


def _bare_routes(dataset: Dataset, real: Server) -> dict[str, Any]:
    path = f"{dataset.space_path}/skills/executions?limit={PAGE}"
    with HttpClient(real.port) as client:
        body = client.ask(request_bytes(path, dataset.headers)).decode()
    return {"page": {"statement": _PAGE_SQL, "parameters": [dataset.ids["space_id"]], "body": body}}
