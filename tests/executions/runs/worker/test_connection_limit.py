"""A worker that gets no further connection: what its runs say is heard all the same, and at once."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from executions.actions.cancellation import request_cancel
from executions.runs.lease import GIVE_UP_SECONDS
from executions.runs.wakeups import CHANNEL, run_topic
from executions.runs.worker.heartbeat import LOOK_SECONDS, LeaseKeeper
from tests.executions.runs.worker.attempts import data_of, fresh, start
from tests.executions.runs.worker.processes import database_url, wait_until, worker
from tests.factories import make_actor

pytestmark = pytest.mark.django_db(transaction=True)

BURSTS = """from callboard_skill import *
import time
time.sleep(3)
for number in range(100):
    progress(number / 100, f"{number} begins")
    progress(number / 100, f"{number} goes on")
    progress(number / 100, f"{number} ends")
    time.sleep(0.3)
"""


@dataclass
class Role:
    """Whom the worker connects as."""

    name: str
    url: str

    def close_the_door(self) -> None:
        """What is connected stays, and nothing more comes in."""
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER ROLE {self.name} CONNECTION LIMIT 1")
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            psycopg.connect(self.url)


@pytest.fixture
def role(committed: None) -> Iterator[Role]:
    name, password = f"limited_{secrets.token_hex(4)}", secrets.token_hex(8)
    owner, place = connection.settings_dict["USER"], database_url().partition("@")[2]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE \"{owner}\"")
    yield Role(name, f"postgresql://{name}:{password}@{place}")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE {name}")


def test_what_a_script_says_is_heard_while_it_runs(role: Role, tmp_path: Path):
    actor = make_actor()
    urls = {"DATABASE_URL": role.url, "DATABASE_LISTEN_URL": role.url}
    with (
        worker(tmp_path, "--concurrency", "1", **urls),
        psycopg.connect(database_url(), autocommit=True) as listening,
    ):
        execution = start(BURSTS, actor=actor)
        wait_until(lambda: fresh(execution).state == "running")
        role.close_the_door()
        listening.execute(f"LISTEN {CHANNEL}")

        wait_until(lambda: len(data_of(execution, "execution.progressed")) >= 3)
        time.sleep(GIVE_UP_SECONDS + LOOK_SECONDS)
        seen, written = fresh(execution), len(data_of(execution, "execution.progressed"))
        heard = [one.payload for one in listening.notifies(timeout=1)]

        request_cancel(access=actor.access, execution_id=execution.id, now=timezone.now())
        wait_until(lambda: fresh(execution).is_over)

    assert (seen.state, seen.attempt) == ("running", 1)  # its lease was kept, too
    assert written > 3
    assert any(run_topic(execution.id) in payload for payload in heard)


def test_a_keeper_that_has_started_has_its_connections(committed: None):
    before = backends()

    keeper = LeaseKeeper()
    keeper.start()
    during = backends()
    keeper.stop()

    assert during >= before + 2


def test_a_worker_of_the_usual_size_has_fewer_than_twenty_connections(committed: None, tmp_path: Path):
    with worker(tmp_path, PGAPPNAME="usual worker"):
        wait_until(lambda: backends("usual worker") > 15)  # its slots, steps, keeper and listeners are there

        assert backends("usual worker") < 20


def backends(name: str = "%") -> int:
    """The connections to this database, of all or of one application."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE %s",
            [name],
        )
        return int(cursor.fetchone()[0])
