"""What every part of the benchmark works with: the databases, how much to do, and where progress is told."""

import contextlib
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.benchmarks.seeding import tool_call_id
from tests.benchmarks.servers import Site


@dataclass(frozen=True)
class Effort:
    """How much is done. `rows` and `few_rows` are executions; `seconds` is one turn of 16 clients.

    `agents` work at once, on a model that thinks and speaks for so many seconds. `silent_agents` have one
    that says nothing, `waiting_agents` wait for people, `through` go to their end as fast as they can. A
    flood is of `flood_words` from each model. `feelings` is how often others are asked what they feel.
    """

    rows: int = 1_000_000
    few_rows: int = 10_000
    rounds: int = 7
    requests: int = 150
    seconds: float = 3.0
    dispatches: int = 100
    events: int = 200
    connections: int = 2000
    agents: int = 500
    think_seconds: float = 10.0
    speak_seconds: float = 10.0
    silent_agents: int = 100
    waiting_agents: int = 1000
    through: int = 400
    feelings: int = 15
    floods: int = 3
    flood_words: int = 4000


QUICK = Effort(
    rows=20_000,
    few_rows=2_000,
    rounds=2,
    requests=40,
    seconds=1.0,
    dispatches=10,
    events=40,
    connections=200,
    agents=60,
    think_seconds=2.0,
    speak_seconds=3.0,
    silent_agents=20,
    waiting_agents=100,
    through=60,
    feelings=5,
    floods=1,
    flood_words=1000,
)


@dataclass(frozen=True)
class Dataset:
    """One seeded database: the deployment on it, the ids in it, and how many executions it has."""

    site: Site
    ids: Mapping[str, Any]
    rows: int

    @property
    def headers(self) -> dict[str, str]:
        """The credentials of the benchmark's key."""
        return {"Authorization": f"Bearer {self.ids['token']}"}

    @property
    def space_path(self) -> str:
        """Where the API begins."""
        return f"/v1/spaces/{self.ids['space_id']}"

    def tool_call_ids(self, count: int) -> list[str]:
        """Some that have an execution, from all over the table."""
        draw = random.Random(count)
        return [tool_call_id(draw.randint(1, self.rows)) for _ in range(count)]


class Steps:
    """Tells how far the benchmark is: bars in a terminal, a line for each step elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun_at = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(f"[dim]{time.monotonic() - self._begun_at:6.1f} s[/dim]  {text}", highlight=False)

    @contextlib.contextmanager
    def counting(self, text: str, total: int) -> Iterator[Callable[[int], None]]:
        """A step of `total` pieces; call what it gives with the number of pieces done since."""
        self.say(text)
        task = self._progress.add_task(text, total=total)
        try:
            with self._progress if not self._progress.live.is_started else contextlib.nullcontext():
                yield lambda done: self._progress.advance(task, done)
        finally:
            self._progress.remove_task(task)

    def over[T](self, text: str, pieces: Iterable[T]) -> Iterator[T]:
        """The pieces, one after the other, as one step."""
        known = list(pieces)
        with self.counting(text, len(known)) as advance:
            for piece in known:
                yield piece
                advance(1)


@dataclass(frozen=True)
class Context:
    """Everything together; `few` is the small database, for the parts that need it."""

    dataset: Dataset
    few: Dataset | None
    effort: Effort
    steps: Steps
