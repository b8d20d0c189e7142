"""Providers that speak as fast as they can: what one worker takes in, stores and passes on."""

from typing import Any

from tests.benchmarks.agents.crowd import PART
from tests.benchmarks.agents.following import following, words_of
from tests.benchmarks.agents.place import Place
from tests.benchmarks.agents.process import processor_seconds
from tests.benchmarks.agents.provider import Pace
from tests.benchmarks.child_process import call_in_child
from tests.benchmarks.figures import Figure, median, median_ratio

STREAMS = 10
LEAST_SHARE = 0.5
MOST_SECONDS = 300.0


def measure_flood(place: Place, worker: int, pace: Pace) -> list[Figure]:
    """The worker and the bare client in turns."""
    rounds = place.context.effort.floods
    ours: list[dict[str, float]] = []
    bare: list[dict[str, Any]] = []
    for _ in place.context.steps.over(f"agents: {STREAMS} providers as fast as they can", range(rounds)):
        ours.append(_flood(place, worker, pace))
        bare.append(
            call_in_child(
                "tests.benchmarks.agents.bareclient.ask_barely",
                seconds=MOST_SECONDS,
                port=place.provider,
                prompt=str(pace),
                count=STREAMS,
            )
        )
    per_second, limits = _each(ours, "per_second"), _each(bare, "per_second")
    share, cost = median_ratio(per_second, limits), _each(ours, "processor_us")
    return [
        Figure(PART, "words taken in, stored and passed on", median(per_second), "words/s")
        .beside(median(limits), share)
        .asked(f"{LEAST_SHARE:g} of the limit", is_met=share >= LEAST_SHARE),
        Figure(PART, "of it, the worker's processor time of a word", median(cost), "us").beside(
            median(_each(bare, "processor_us")), median_ratio(cost, _each(bare, "processor_us"))
        ),
        Figure(PART, "of it, lost or repeated", sum(_each(ours, "wrong")), "events").asked(
            "none", is_met=not any(_each(ours, "wrong"))
        ),
    ]


def _flood(place: Place, worker: int, pace: Pace) -> dict[str, float]:
    """Words a second from the first one said to the last one that a socket heard."""
    made = place.create(place.ours, "flooder", STREAMS)
    before = processor_seconds(worker)
    with following(place, made, MOST_SECONDS) as done:
        place.wait_for(made, ["finalized"], seconds=MOST_SECONDS)
        used = processor_seconds(worker) - before
        heard = done()
    words = words_of(place, heard, each=pace.count)
    taken = max(words.heard) - min(words.said)
    return {
        "per_second": len(words.said) * 1e9 / taken,
        "processor_us": used * 1e6 / len(words.said),
        "wrong": float(words.wrong),
    }


def _each(found: list[dict[str, float]], name: str) -> list[float]:
    return [one[name] for one in found]
