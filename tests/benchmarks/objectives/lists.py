"""Lists of the workspace API: objectives, the tool calls of one, and the queue of what waits."""

import json
from dataclasses import dataclass
from typing import Any

from spaces.keyset import NEWEST_FIRST
from tests.benchmarks.asking import Asked, ask_alone
from tests.benchmarks.context import Context
from tests.benchmarks.depth import BEYOND_ALL, cursor_to, row_at
from tests.benchmarks.figures import Figure, is_within, median, median_ratio
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.objectives.place import Place
from tests.benchmarks.servers import Server, bare_web

PAGE = 50
SLOWEST_MS = 10.0
TABLE = "objectives_objective"
_OBJECTIVES = f"""
SELECT * FROM objectives_objective
 WHERE space_id = %s AND (created_at, id) < (%s::timestamptz, %s::uuid)
 ORDER BY created_at DESC, id DESC LIMIT {PAGE + 1}
"""
_CALLS = f"""
SELECT * FROM objectives_toolcall WHERE objective_id = %s ORDER BY created_at DESC, id DESC LIMIT {PAGE + 1}
"""
_WAITING = f"""
SELECT * FROM objectives_toolcall
 WHERE space_id = %s AND approval = 'waiting_for_approval' AND execution = 'pending'
 ORDER BY created_at, id LIMIT {PAGE + 1}
"""


@dataclass(frozen=True)
class _List:
    """One list: what is asked for, and what the bare server does in its place."""

    what: str
    path: str
    statement: str
    parameters: list[Any]
    rest: str = ""  # of the bare path: parameters that come from there


def measure_lists(context: Context, many: Place, _few: Place, real: Server) -> list[Figure]:
    """HTTP latency of one client, authentication included, beside a bare server."""
    lists = _lists(many, real)
    with HttpClient(real.port) as client:
        bodies = [client.ask(request_bytes(each.path, many.dataset.headers)).decode() for each in lists]
    for each, body in zip(lists, bodies, strict=True):
        if (found := len(json.loads(body)["items"])) != PAGE:
            raise ValueError(f"{each.path} has {found} items")
    routes = {
        f"list{number}": {"statement": each.statement, "parameters": each.parameters, "body": body}
        for number, (each, body) in enumerate(zip(lists, bodies, strict=True))
    }
    with bare_web(many.dataset.site, routes) as bare:
        found_lists = [Asked(real, [each.path], many.dataset.headers) for each in lists]
        limits = [Asked(bare, [f"/list{number}{each.rest}"], {}) for number, each in enumerate(lists)]
        for _ in context.steps.over("objectives: rounds of lists", range(context.effort.rounds)):
            ask_alone([*found_lists, *limits], context.effort.requests)
    return _figures(lists, found_lists, limits)


def _lists(many: Place, real: Server) -> list[_List]:
    ids, depth = many.dataset.ids, many.objectives // 2
    deep_row = row_at(many.dataset.site.database_url, TABLE, space_id=ids["space_id"], depth=depth)
    newest = f"{many.path}/objectives?limit={PAGE}"
    with HttpClient(real.port) as client:
        page = json.loads(client.ask(request_bytes(newest, many.dataset.headers)))
    deep = f"{newest}&cursor={cursor_to(deep_row, NEWEST_FIRST, like=page['pagination']['nextCursor'])}"
    beyond = f"/{deep_row.created_at.isoformat()}/{deep_row.id}"
    long = many.models["long"]
    calls = f"{many.objective_path(long)}/tool_calls?limit={PAGE}"
    waiting, space = f"{many.path}/waiting?limit={PAGE}", [ids["space_id"]]
    return [
        _List(f"newest {PAGE} objectives", newest, _OBJECTIVES, space, f"/{BEYOND_ALL[0]}/{BEYOND_ALL[1]}"),
        _List(f"{PAGE} objectives at depth {depth:,}", deep, _OBJECTIVES, space, beyond),
        _List(f"{PAGE} tool calls of one objective", calls, _CALLS, [long]),
        _List(f"{PAGE} of {many.waiting:,} that wait", waiting, _WAITING, space),
    ]


def _figures(lists: list[_List], found: list[Asked], limits: list[Asked]) -> list[Figure]:
    figures = []
    for each, asked, limit in zip(lists, found, limits, strict=True):
        value = median(asked.p50s)
        figure = Figure("objectives", f"{each.what}, p50", value, "ms")
        figure = figure.beside(median(limit.p50s), median_ratio(asked.p50s, limit.p50s))
        figures.append(figure.asked(f"under {SLOWEST_MS:g} ms", is_met=value < SLOWEST_MS))
    newest, deep = found[:2]
    ratio = median_ratio(deep.p50s, newest.p50s)
    growth = Figure("objectives", "deep page, beside the newest", median(deep.p50s), "ms")
    growth = growth.beside(median(newest.p50s), ratio)
    figures.append(growth.asked("within 20 % of each other", is_met=is_within(0.2, ratio)))
    return figures
