"""Sockets that follow a crowd of objectives, and what of the models' words they heard."""

import contextlib
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.agents.place import Place
from tests.benchmarks.child_process import START_SECONDS, ChildProcess
from tests.benchmarks.subscribers import socket_opening

_LOG = "SELECT seq, kind, data ->> 'text' FROM executions_runevent WHERE run_id = %s ORDER BY seq"
_TEXT = "text.appended"


@dataclass(frozen=True)
class Heard:
    """What sockets heard of a crowd, by (objective's place, event's number): nanoseconds of each hearing."""

    objectives: Sequence[uuid.UUID]
    received: Mapping[tuple[int, int], Sequence[int]]
    cut_off: int


@dataclass(frozen=True)
class Words:
    """The words of a crowd: when each was said and heard, in nanoseconds, and what is wrong with the logs.

    `wrong` counts events that no socket heard or one heard twice, gaps, and words that are missing or
    repeated.
    """

    said: Sequence[int]
    heard: Sequence[int]
    events: int
    wrong: int

    @property
    def late(self) -> list[float]:
        """Milliseconds of each word, from the provider to a socket."""
        return [(heard - said) / 1e6 for said, heard in zip(self.said, self.heard, strict=True)]


@contextlib.contextmanager
def following(place: Place, objectives: Sequence[uuid.UUID], seconds: float) -> Iterator[Callable[[], Heard]]:
    """A socket for each, until its objective ends or time is over; what the block gets waits for that."""
    openings = [_opening(place, objective) for objective in objectives]
    with ChildProcess(
        "tests.benchmarks.subscribers.follow",
        port=place.web.port,
        openings=openings,
        deliveries=10**9,  # never: they follow for as long as they were told
        seconds=seconds,
    ) as crowd:
        crowd.wait_until_ready()
        yield lambda: _heard(objectives, crowd.result(seconds + START_SECONDS))


def _opening(place: Place, objective: uuid.UUID) -> dict[str, Any]:
    hello = {"type": "subscribe", "sub": "a", "objective_id": str(objective), "after": 0}
    return socket_opening("/v1/ws", place.ours.headers, json.dumps(hello, separators=(",", ":")))


def _heard(objectives: Sequence[uuid.UUID], found: Mapping[str, Any]) -> Heard:
    received: dict[tuple[int, int], list[int]] = {}
    for index, seq, at in found["received"]:
        received.setdefault((index, seq), []).append(at)
    return Heard(objectives, received, found["lost"])


def words_of(place: Place, heard: Heard, *, each: int | None) -> Words:
    """The words of the logs beside what was heard; `each` model says so many, None for nobody knows."""
    said: list[int] = []
    came: list[int] = []
    events, wrong = 0, heard.cut_off
    with place.database() as connection:
        for index, objective in enumerate(heard.objectives):
            log = connection.execute(_LOG, [objective]).fetchall()
            events += len(log)
            wrong += sum(seq != number for number, (seq, _, _) in enumerate(log, 1))
            wrong += sum(len(heard.received.get((index, seq), ())) != 1 for seq, _, _ in log)
            words = list(words_in([(seq, text) for seq, kind, text in log if kind == _TEXT]))
            wrong += difference([word for word, _ in words], each)
            for word, seq in words:
                if at := heard.received.get((index, seq)):
                    said.append(word)
                    came.append(at[0])
    return Words(said, came, events, wrong)


def words_in(texts: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Each word, and the number of the event that holds its end."""
    begun = ""
    for seq, text in texts:
        *whole, begun = (begun + text).split(" ")
        yield from ((int(word), seq) for word in whole)


def difference(words: Sequence[int], each: int | None) -> int:
    """How many words are repeated, and how many are missing of `each`."""
    repeated = sum(count - 1 for count in Counter(words).values())
    return repeated + (0 if each is None else abs(each - len(set(words))))
