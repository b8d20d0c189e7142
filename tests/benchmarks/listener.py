"""A bare LISTEN: hears notifications and notes when, by a clock that all processes of a machine share."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Self

import psycopg

from tests.benchmarks.child_process import say_ready

SLICE_SECONDS = 0.2  # how late the end of listening may be noticed


class Listener:
    """Collects `(channel, payload, nanoseconds)` in a thread of its own until the block ends."""

    def __init__(self, url: str, channels: Sequence[str]) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        for channel in channels:
            self._connection.execute(f'LISTEN "{channel}"')
        self.heard: list[tuple[str, str, int]] = []
        self._news = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._is_over = True
        self._thread.join(5)
        self._connection.close()

    def wait_for(self, match: Callable[[str, str], bool], seconds: float) -> int:
        """When the first notification came that matches; raises TimeoutError. May have come already."""
        seen, deadline = 0, time.monotonic() + seconds
        with self._news:
            while True:
                for channel, payload, at in self.heard[seen:]:
                    if match(channel, payload):
                        return at
                seen = len(self.heard)
                if not self._news.wait(deadline - time.monotonic()):
                    raise TimeoutError("a notification did not come")

    def forget(self) -> None:
        """Drop what was heard so far."""
        with self._news:
            self.heard.clear()

    def _run(self) -> None:
        while not self._is_over:
            for notification in self._connection.notifies(timeout=SLICE_SECONDS):
                at = time.monotonic_ns()
                with self._news:
                    self.heard.append((notification.channel, notification.payload, at))
                    self._news.notify_all()


def hear(*, url: str, channel: str, last: Mapping[str, int], seconds: float) -> list[tuple[str, int, int]]:
    """`(topic, number, nanoseconds)` of wake-ups, until each topic has come to its last number, or `seconds`.

    Wake-ups that follow each other closely come as one: some numbers may be missing.
    """
    deadline = time.monotonic() + seconds
    with Listener(url, [channel]) as listener:
        say_ready()
        while time.monotonic() < deadline:
            heard = [entry for entry in _numbers(listener.heard) if entry[0] in last]
            reached = {topic for topic, number, _ in heard if number >= last[topic]}
            if len(reached) == len(last):
                break
            time.sleep(SLICE_SECONDS)
    return heard


def _numbers(heard: Sequence[tuple[str, str, int]]) -> Iterator[tuple[str, int, int]]:
    for _, payload, at in list(heard):
        for line in payload.splitlines():
            topic, _, number = line.partition(" ")
            yield topic, int(number), at
