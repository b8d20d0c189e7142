"""A database that is away for a moment while a tool is called, or work queued."""

import uuid
from collections.abc import Callable
from functools import partial

import psycopg
import pytest
from django.db import OperationalError, connection

from executions.runlog.queue import enqueue_continuation, enqueue_run
from objectives.lifecycles.objectives import STOP_BELOW
from objectives.results.outcome import Media
from tests.factories import make_actor
from tests.loop.conftest import LISTED
from tests.objectives.http_calling import calls_of, tool
from tests.worker.processes import database_url

pytestmark = pytest.mark.django_db


class CutsOff:
    """A stop signal that never stops; the first time it is asked once `when` holds it cuts the connection."""

    def __init__(self, when: Callable[[], bool]) -> None:
        self._when = when
        self.has_cut = False

    def is_set(self) -> bool:
        if not self.has_cut and self._when():
            self.has_cut = True
            cut_off()
        return False


def cut_off() -> None:
    """End the session of this thread's connection, which does not know it yet."""
    connection.ensure_connection()
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_call_is_made_once_and_has_its_result(settings, when: str):
    settings.PRIVATE_TOOL_HOSTS = [LISTED]
    call = calls_of(make_actor())

    with tool(lambda _: (200, {"Content-Type": "image/png"}, b"\x89PNG")) as server:
        stop = CutsOff(lambda: bool(server.seen) == (when == "meanwhile"))
        outcome, row = call(server.url, headers={"X-Key": "{{ secrets.TOKEN }}"}, stop=stop)

    assert stop.has_cut
    assert len(server.seen) == 1
    assert isinstance(outcome.drafts[0], Media)
    assert [one["key"] for one in row.resolved_secrets] == ["TOKEN"]


@pytest.mark.parametrize("enqueue", [enqueue_run, partial(enqueue_continuation, STOP_BELOW)])
def test_work_that_cannot_be_queued_is_an_error_of_the_database(enqueue: Callable[[uuid.UUID], None]):
    cut_off()

    with pytest.raises(OperationalError):
        enqueue(uuid.uuid4())

    connection.close()
