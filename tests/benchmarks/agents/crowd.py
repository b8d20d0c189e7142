"""Hundreds of objectives at once on one worker, and what everybody feels in their midst."""

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.agents.following import Words, following, words_of
from tests.benchmarks.agents.place import Place
from tests.benchmarks.agents.probes import Felt, feel, stop
from tests.benchmarks.agents.process import Usage, Watch
from tests.benchmarks.agents.provider import Pace
from tests.benchmarks.child_process import call_in_child
from tests.benchmarks.figures import Figure, Spread, median

PART = "agents"
MOST_MEGABYTES, MOST_CONNECTIONS = 600, 20
CREATE_SECONDS, SPARE_SECONDS = 5.0, 20.0  # to create them; from the last word's time to the bar
STOP_MS, OBJECTIVE_MS, LATE_MS = 1000.0, 2000.0, 1000.0
_TIMES = """
SELECT min(event.at) FILTER (WHERE event.seq = 2), max(run.finished_at)
  FROM objectives_objective AS run JOIN executions_runevent AS event ON event.run_id = run.id
 WHERE run.id = ANY(%s)
"""


@dataclass(frozen=True)
class Crowd:
    """What was seen of one crowd; times are in seconds, and milliseconds in `felt` and the stops."""

    created: float
    finished: float
    words: Words
    peak: Usage
    felt: Felt
    cancels: Sequence[float]
    interrupts: Sequence[float]


def measure_crowd(place: Place, worker: int, pace: Pace, idle: Felt) -> list[Figure]:
    """The crowd on the worker, then the bare client."""
    count = place.context.effort.agents
    place.context.steps.say(f"agents: {count} objectives at once")
    crowd = _carry(place, worker, pace, count)
    place.context.steps.say("agents: the bare client")
    bare = call_in_child(
        "tests.benchmarks.agents.bareclient.ask_barely",
        seconds=pace.seconds * 4 + 60,
        port=place.provider,
        prompt=str(pace),
        count=count,
    )
    return [*_figures(crowd, bare, pace, count), *_felt_figures(crowd, idle)]


def _carry(place: Place, worker: int, pace: Pace, count: int) -> Crowd:
    url, stopped = place.context.dataset.site.database_url, max(count // 25, 2)
    patience = pace.seconds * 6 + 120
    with Watch(url, worker) as watch:
        begun = time.monotonic()
        made = place.create(place.ours, "streamer", count)
        created = time.monotonic() - begun
        goes_on, to_cancel, to_interrupt = _shared_out(made, stopped)
        with following(place, goes_on, patience) as done, ThreadPoolExecutor(1) as beside:
            time.sleep(max(begun + pace.think + 1 - time.monotonic(), 0))
            feeling = beside.submit(feel, place, max(stopped // 2, 2))
            cancels = stop(place, to_cancel, "cancel", ["cancelled"])
            interrupts = stop(place, to_interrupt, "interrupt", ["waiting"])
            felt = feeling.result()
            place.wait_for(goes_on, ["finalized"], seconds=patience)
            heard = done()
    words = words_of(place, heard, each=pace.count)
    place.say(place.ours, to_interrupt, "cancel")
    return Crowd(created, _seconds(place, goes_on), words, watch.peak, felt, cancels, interrupts)


def _shared_out(made: Sequence[uuid.UUID], stopped: int) -> tuple[list[uuid.UUID], ...]:
    """Those that go on, those that are cancelled, and those that are interrupted."""
    return list(made[stopped * 2 :]), list(made[:stopped]), list(made[stopped : stopped * 2])


def _seconds(place: Place, objectives: Sequence[uuid.UUID]) -> float:
    """From the first start to the last end."""
    with place.database() as connection:
        row = connection.execute(_TIMES, [list(objectives)]).fetchone()
    return float((row[1] - row[0]).total_seconds()) if row else 0.0


def _figures(crowd: Crowd, bare: dict[str, Any], pace: Pace, count: int) -> list[Figure]:
    late, least, most = Spread.of(crowd.words.late), Spread.of(bare["late"]), pace.seconds + SPARE_SECONDS
    return [
        Figure(PART, f"{count} objectives created", crowd.created, "s").asked(
            f"within {CREATE_SECONDS:g} s", is_met=crowd.created <= CREATE_SECONDS
        ),
        Figure(PART, "their first start to their last end", crowd.finished, "s")
        .beside(bare["seconds"], crowd.finished / bare["seconds"])
        .asked(f"within {most:g} s", is_met=crowd.finished <= most),
        Figure(PART, "a word to a socket, p50", late.p50, "ms").beside(least.p50, late.p50 / least.p50),
        Figure(PART, "a word to a socket, p95", late.p95, "ms")
        .beside(least.p95, late.p95 / least.p95)
        .asked(f"under {LATE_MS:g} ms", is_met=late.p95 < LATE_MS),
        Figure(PART, f"of {crowd.words.events:,} events: lost, repeated", crowd.words.wrong, "events").asked(
            "none", is_met=not crowd.words.wrong
        ),
        Figure(PART, "the worker's memory (PSS)", crowd.peak.megabytes, "MB").asked(
            f"under {MOST_MEGABYTES} MB", is_met=crowd.peak.megabytes < MOST_MEGABYTES
        ),
        Figure(PART, "the worker's database connections", crowd.peak.connections, "").asked(
            f"under {MOST_CONNECTIONS}", is_met=crowd.peak.connections < MOST_CONNECTIONS
        ),
        Figure(PART, "the worker's threads", crowd.peak.threads, ""),
    ]


def _felt_figures(crowd: Crowd, idle: Felt) -> list[Figure]:
    skill, calm = median(crowd.felt.skill), median(idle.skill)
    objective, quiet = Spread.of(crowd.felt.objective), median(idle.objective)
    stops = {"cancel": Spread.of(crowd.cancels), "interrupt": Spread.of(crowd.interrupts)}
    return [
        Figure(PART, "in the midst: a skill dispatched to started, beside idle", skill, "ms")
        .beside(calm, skill / calm)
        .asked("within 2 times", is_met=skill <= 2 * calm),
        Figure(PART, "in the midst: another tenant's demo objective, p95", objective.p95, "ms")
        .beside(quiet, objective.p95 / quiet)
        .asked(f"under {OBJECTIVE_MS:g} ms", is_met=objective.p95 < OBJECTIVE_MS),
        *(
            Figure(PART, f"in the midst: {verb} takes effect, p95", spread.p95, "ms").asked(
                f"under {STOP_MS:g} ms", is_met=spread.p95 < STOP_MS
            )
            for verb, spread in stops.items()
        ),
    ]
