"""A database that is away for a moment while a tool is called, or work queued."""

import uuid
from collections.abc import Callable
from functools import partial

import psycopg
import pytest
from django.db import OperationalError, connection

from executions.runs.queue import enqueue_continuation, enqueue_run
from objectives.lifecycles.objectives import STOP_BELOW
from objectives.tool_results.outcome import Media
from tests.executions.runs.worker.processes import database_url
from tests.factories import make_actor
from tests.objectives.agent_loop.conftest import LISTED
from tests.objectives.tool_executors.http_calls import calls_of, tool

pytestmark = pytest.mark.django_db


def nothing() -> None:
    """The connection lives."""


def session() -> int:
    """The process that serves this thread's connection."""
    connection.ensure_connection()
    return connection.connection.info.backend_pid


def end_session(pid: int) -> None:
    """Cut a connection, which does not know it yet."""
    with psycopg.connect(database_url(), autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_call_is_made_once_and_has_its_result(settings, when: str):
    settings.PRIVATE_TOOL_HOSTS = [LISTED]
    call = calls_of(make_actor())
    pid = session()

    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        if when == "meanwhile":
            end_session(pid)
        return 200, {"Content-Type": "image/png"}, b"\x89PNG"

    with tool(answer) as server:
        headers = {"X-Key": "{{ secrets.TOKEN }}"}
        before = partial(end_session, pid) if when == "before" else nothing
        outcome, row = call(server.url, headers=headers, before=before)

    assert session() != pid
    assert len(server.seen) == 1
    assert isinstance(outcome.drafts[0], Media)
    assert [one["key"] for one in row.resolved_secrets] == ["TOKEN"]


@pytest.mark.parametrize(
    "enqueue", [partial(enqueue_run, kind="objective"), partial(enqueue_continuation, STOP_BELOW)]
)
def test_work_that_cannot_be_queued_is_an_error_of_the_database(enqueue: Callable[[uuid.UUID], None]):
    end_session(session())

    with pytest.raises(OperationalError):
        enqueue(uuid.uuid4())

    connection.close()
