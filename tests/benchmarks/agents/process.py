"""What a worker process takes: its memory, its threads, its connections, its processor."""

import threading
from dataclasses import dataclass, field
from typing import Any, Self

import psutil
import psycopg

SAMPLE_SECONDS = 0.5
_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s
"""


@dataclass(frozen=True)
class Usage:
    """`megabytes` are its proportional set size: what it shares with others counts by its share."""

    megabytes: float
    threads: int
    connections: int

    def most(self, other: "Usage") -> "Usage":
        return Usage(
            max(self.megabytes, other.megabytes),
            max(self.threads, other.threads),
            max(self.connections, other.connections),
        )


@dataclass
class Watch:
    """Looks at a process again and again until the block ends; `peak` is the most of each."""

    url: str
    pid: int
    name: str = "worker"
    peak: Usage = field(default_factory=lambda: Usage(0, 0, 0))
    _is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._is_over.set()
        self._thread.join(5)

    def _run(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self._is_over.wait(SAMPLE_SECONDS):
                self.peak = self.peak.most(usage_of(self.pid, connection, self.name))


def usage_of(pid: int, connection: "psycopg.Connection[Any]", name: str = "worker") -> Usage:
    process = psutil.Process(pid)
    row = connection.execute(_CONNECTIONS, [name]).fetchone()
    return Usage(process.memory_full_info().pss / 1e6, process.num_threads(), row[0] if row else 0)


def processor_seconds(pid: int) -> float:
    """Used so far by all threads of a process; those of its children are not in it."""
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system
