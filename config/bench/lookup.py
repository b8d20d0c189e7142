"""Part 1: finding an execution by its tool call, authentication included, beside one bare SELECT."""

from collections.abc import Mapping, Sequence
from typing import Any

from config.bench.apart import call_apart
from config.bench.figures import Figure, Spread, is_within, median, median_ratio
from config.bench.lines import Line, request_bytes
from config.bench.servers import Server, bare_web, web
from config.bench.stage import Stage, World
from executions.api.reading import BY_TOOL_CALL

CLIENTS = 16
PATHS = 400  # different tool calls that are asked for
WARM_SECONDS = 1.5
FEWEST_PER_SECOND, LEAST_SHARE = 350, 1 / 5
SLOWEST_MS, GOAL_MS = 6.0, 3.0


class _Asked:
    """One server that is asked, and what was seen of it, round by round."""

    def __init__(self, server: Server, paths: Sequence[str], headers: Mapping[str, str]) -> None:
        self.target: dict[str, Any] = {"port": server.port, "paths": list(paths), "headers": dict(headers)}
        self._server = server
        self.alone: list[Spread] = []
        self.per_second: list[float] = []
        self.processor_ms: list[float] = []

    def crowd(self, seconds: float) -> None:
        """Sixteen clients at once, one turn."""
        before = self._server.processor_seconds()
        counted = self.load(seconds)
        self.per_second.append(counted["per_second"])
        self.processor_ms.append((self._server.processor_seconds() - before) * 1000 / counted["total"])

    def load(self, seconds: float) -> Any:
        """The same without counting it: every process and thread does its first things."""
        return call_apart(
            "config.bench.load.count_requests",
            seconds=seconds + 90,
            clients=CLIENTS,
            duration=seconds,
            **self.target,
        )

    @property
    def p50s(self) -> list[float]:
        return [spread.p50 for spread in self.alone]

    @property
    def p95s(self) -> list[float]:
        return [spread.p95 for spread in self.alone]


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
        found = _Asked(real, _paths(world), world.headers)
        limit = _Asked(bare, [f"/lookup/{call_id}" for call_id in world.tool_call_ids(PATHS)], {})
        found_few = _Asked(small, _paths(few), few.headers)
        everyone = (found, limit, found_few)
        for asked in everyone:
            asked.load(WARM_SECONDS)
        for _ in stage.steps.over("lookup: rounds of real, bare and small", range(effort.rounds)):
            _ask_alone(everyone, effort.requests)
            for asked in (found, limit):
                asked.crowd(effort.seconds)
    return [*_latency(found, limit), *_throughput(found, limit), _growth(found, found_few, world, few)]


def _ask_alone(everyone: Sequence[_Asked], count: int) -> None:
    """One client, one request at a time, the servers in turns."""
    targets = [asked.target for asked in everyone]
    taken = call_apart("config.bench.lines.time_in_turns", seconds=300, targets=targets, count=count)
    for asked, samples in zip(everyone, taken, strict=True):
        asked.alone.append(Spread.of(samples))


def _latency(found: _Asked, limit: _Asked) -> list[Figure]:
    p50, p95 = median(found.p50s), median(found.p95s)
    ratio50, ratio95 = median_ratio(found.p50s, limit.p50s), median_ratio(found.p95s, limit.p95s)
    return [
        Figure("lookup", "one client, p50", p50, "ms")
        .beside(median(limit.p50s), ratio50)
        .asked(f"under {SLOWEST_MS:g} ms (goal {GOAL_MS:g})", is_met=p50 < SLOWEST_MS),
        Figure("lookup", "one client, p95", p95, "ms").beside(median(limit.p95s), ratio95),
    ]


def _throughput(found: _Asked, limit: _Asked) -> list[Figure]:
    per_second, share = median(found.per_second), median_ratio(found.per_second, limit.per_second)
    cost = median_ratio(found.processor_ms, limit.processor_ms)
    return [
        Figure("lookup", f"{CLIENTS} clients, two processes", per_second, "req/s")
        .beside(median(limit.per_second), share)
        .asked(
            f"{FEWEST_PER_SECOND} req/s and 0.20 of the limit (goal 0.33)",
            is_met=per_second >= FEWEST_PER_SECOND and share >= LEAST_SHARE,
        ),
        Figure("lookup", "of it, processor time of a request", median(found.processor_ms), "ms").beside(
            median(limit.processor_ms), cost
        ),
    ]


def _growth(found: _Asked, found_few: _Asked, world: World, few: World) -> Figure:
    ratio = median_ratio(found.p50s, found_few.p50s)
    what = f"p50 with {world.rows:,} rows, beside {few.rows:,}"
    figure = Figure("lookup", what, median(found.p50s), "ms").beside(median(found_few.p50s), ratio)
    return figure.asked("within 20 % of each other", is_met=is_within(0.2, ratio))


def _paths(world: World) -> list[str]:
    base = f"{world.space_path}/skills/executions/by-chat-tool-call"
    return [f"{base}/{call_id}" for call_id in world.tool_call_ids(PATHS)]


def _bare_routes(world: World, port: int) -> dict[str, Any]:
    """The statement that the real route runs for the row, and the very bytes that it answers with."""
    with Line(port) as line:
        body = line.ask(request_bytes(_paths(world)[0], world.headers)).decode()
    return {"lookup": {"statement": BY_TOOL_CALL, "parameters": [world.ids["space_id"]], "body": body}}
