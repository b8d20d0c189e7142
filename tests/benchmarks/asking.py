"""Servers that are asked by one client and by sixteen, in turns, and what was seen of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.child_process import call_in_child
from tests.benchmarks.figures import Figure, Spread, is_within, median, median_ratio
from tests.benchmarks.servers import Server

CLIENTS = 16
FEWEST_PER_SECOND, LEAST_SHARE = 350, 1 / 5
SLOWEST_MS, GOAL_MS = 6.0, 3.0


class Asked:
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
        return call_in_child(
            "tests.benchmarks.load.count_requests",
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


def ask_alone(everyone: Sequence[Asked], count: int) -> None:
    """One client, one request at a time, the servers in turns: one round."""
    targets = [asked.target for asked in everyone]
    taken = call_in_child(
        "tests.benchmarks.http_client.time_in_turns", seconds=300, targets=targets, count=count
    )
    for asked, samples in zip(everyone, taken, strict=True):
        asked.alone.append(Spread.of(samples))


def latency(part: str, prefix: str, found: Asked, limit: Asked) -> list[Figure]:
    """What one client waits; `prefix` says what it asks for."""
    p50, p95 = median(found.p50s), median(found.p95s)
    ratio50, ratio95 = median_ratio(found.p50s, limit.p50s), median_ratio(found.p95s, limit.p95s)
    return [
        Figure(part, f"{prefix}one client, p50", p50, "ms")
        .beside(median(limit.p50s), ratio50)
        .asked(f"under {SLOWEST_MS:g} ms (goal {GOAL_MS:g})", is_met=p50 < SLOWEST_MS),
        Figure(part, f"{prefix}one client, p95", p95, "ms").beside(median(limit.p95s), ratio95),
    ]


def throughput(part: str, prefix: str, found: Asked, limit: Asked) -> list[Figure]:
    """What sixteen clients get, and what a request costs the processors."""
    per_second, share = median(found.per_second), median_ratio(found.per_second, limit.per_second)
    cost = median_ratio(found.processor_ms, limit.processor_ms)
    return [
        Figure(part, f"{prefix}{CLIENTS} clients, two processes", per_second, "req/s")
        .beside(median(limit.per_second), share)
        .asked(
            f"{FEWEST_PER_SECOND} req/s and 0.20 of the limit (goal 0.33)",
            is_met=per_second >= FEWEST_PER_SECOND and share >= LEAST_SHARE,
        ),
        Figure(part, "of it, processor time of a request", median(found.processor_ms), "ms").beside(
            median(limit.processor_ms), cost
        ),
    ]


def growth(part: str, what: str, found: Asked, found_few: Asked) -> Figure:
    """What many rows cost beside few."""
    ratio = median_ratio(found.p50s, found_few.p50s)
    figure = Figure(part, what, median(found.p50s), "ms").beside(median(found_few.p50s), ratio)
    return figure.asked("within 20 % of each other", is_met=is_within(0.2, ratio))
